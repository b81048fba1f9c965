// Package all lists the kinds of source of this module. Whoever wants fewer makes a
// source.Registry of those that he needs.
package all

import (
	"pinyon/source"
	"pinyon/source/device"
	"pinyon/source/file"
	"pinyon/source/server"
)

// Sources are all kinds of source; an address without a scheme is a file's name.
func Sources() source.Registry {
	return source.Registry{
		file.Named,
		file.Stdin,
		device.Device,
		server.Server,
	}
}
