package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// instantHelp says what a TIME is.
const instantHelp = `A TIME is how long ago by the clock of this machine, such as 10m, or a date such as
2026-01-02 or 2026-01-02T15:04:05Z, in UTC unless it says otherwise.`

// instant reads a time as people write it, and returns it as the engine takes it:
// seconds since 1970 with a fraction, or "" for none. It is a date, in UTC unless
// it says otherwise, or how long ago by the clock of this machine.
func instant(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if d, err := time.ParseDuration(strings.TrimSuffix(text, " ago")); err == nil {
		return epoch(time.Now().Add(-d.Abs())), nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text, nil // seconds since 1970
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return epoch(t), nil
		}
	}
	return "", misuse("%s is %q, want how long ago, such as 10m or 2h, or a time such as 2026-01-02T15:04:05Z", flag, text)
}

func epoch(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }
