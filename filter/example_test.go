package filter_test

import (
	"fmt"
	"os"

	"pinyon/filter"
)

func ExampleCompile() {
	p, err := filter.Compile("icmp", 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p.Dump(os.Stdout)
	_, err = filter.Compile("tcp port = 3", 1, nil)
	fmt.Println(err)
	// Output:
	// (000) ldh      [12]
	// (001) jeq      #0x800           jt 2	jf 5
	// (002) ldb      [23]
	// (003) jeq      #0x1             jt 4	jf 5
	// (004) ret      #262144
	// (005) ret      #0
	// filter: "=" at 9: syntax error
}
