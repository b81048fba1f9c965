package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

// profile starts the profiles that hidden flags ask for, and returns what ends them.
func (x *extraction) profile() (stop func(), err error) {
	var cpu *os.File
	if x.cpuProfile != "" {
		if cpu, err = os.Create(x.cpuProfile); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			cpu.Close()
			return nil, err
		}
	}
	return func() {
		if cpu != nil {
			pprof.StopCPUProfile()
			cpu.Close()
		}
		if x.memProfile == "" {
			return
		}
		f, err := os.Create(x.memProfile)
		if err != nil {
			x.say("memprofile: %v", err)
			return
		}
		defer f.Close()
		runtime.GC()
		if err := pprof.WriteHeapProfile(f); err != nil {
			x.say("memprofile: %v", err)
		}
	}, nil
}
