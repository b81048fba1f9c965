package conf

import (
	"log/slog"
	"strings"
)

// LevelCritical is above slog.LevelError, as in the files of programs that have such a level.
const LevelCritical = slog.LevelError + 4

// Level reads the name of a log level, in any case.
func Level(name string) (l slog.Level, ok bool) {
	switch strings.ToUpper(name) {
	case "DEBUG":
		return slog.LevelDebug, true
	case "INFO":
		return slog.LevelInfo, true
	case "WARNING", "WARN":
		return slog.LevelWarn, true
	case "ERROR":
		return slog.LevelError, true
	case "CRITICAL", "FATAL":
		return LevelCritical, true
	}
	return 0, false
}
