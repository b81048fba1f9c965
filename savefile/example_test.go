package savefile_test

import (
	"context"
	"fmt"
	"time"

	"pinyon/capture"
	"pinyon/capture/session"
	"pinyon/packetstore"
	"pinyon/savefile"
)

// A minute of what goes to and from port 443, a row a packet.
func ExampleOutput() {
	c, err := session.New(capture.Options{Interface: "eth0", Filter: "tcp port 443", Duration: time.Minute},
		session.Callbacks{Output: savefile.Output("packets.parquet", 0, &savefile.Options{Rows: packetstore.Options{Payload: 64}})})
	if err == nil {
		err = c.Run(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Stats().Captured, "packets")
}
