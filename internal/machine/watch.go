package machine

import (
	"sync"
	"time"
)

// watchEvery is how often Watch looks.
const watchEvery = 500 * time.Millisecond

// Watch calls tell, once and from a goroutine of its own, when this process has nearly all the
// memory that it can have: seven eighths, or a quarter of it where less than a sixteenth is
// available to all processes. used is what it has, of what there is, in bytes. Only Linux tells;
// elsewhere Watch does nothing. It ends with stop, which may be called once.
func Watch(tell func(used, of int64)) (stop func()) {
	t := time.NewTicker(watchEvery)
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		defer t.Stop()
		watch(t.C, done, func() (used, available, of int64) { return resident(), free(), Memory() }, tell)
	})
	return func() { close(done); ended.Wait() }
}

// watch looks at every tick until done is closed or tell was called.
func watch(tick <-chan time.Time, done <-chan struct{}, look func() (used, available, of int64), tell func(used, of int64)) {
	for {
		select {
		case <-tick:
			if used, available, of := look(); scarce(used, available, of) {
				tell(used, of)
				return
			}
		case <-done:
			return
		}
	}
}

// scarce reports whether a process that has used bytes of those there are is about to use them up.
// available is what all processes can still have; 0 of any is unknown.
func scarce(used, available, of int64) bool {
	return of > 0 && used > 0 && (used > of/8*7 || available > 0 && available < of/16 && used > of/4)
}
