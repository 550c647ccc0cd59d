package embedded

import (
	"strconv"
	"strings"
)

// signals are the numbers of Linux, which the engine runs on everywhere.
var signals = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
	"SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19,
	"TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28,
	"IO": 29, "PWR": 30, "SYS": 31,
}

// parseSignal reads "SIGTERM", "TERM" or "15".
func parseSignal(s string) (int, error) {
	if n, err := strconv.Atoi(s); err == nil {
		if n <= 0 || n > 64 {
			return 0, bad("Invalid signal: %s", s)
		}
		return n, nil
	}
	word := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if n, ok := signals[word]; ok {
		return n, nil
	}
	if rest, ok := strings.CutPrefix(word, "RTMIN+"); ok {
		if n, err := strconv.Atoi(rest); err == nil && n >= 0 && n <= 15 {
			return 34 + n, nil
		}
	}
	if word == "RTMIN" {
		return 34, nil
	}
	return 0, bad("Invalid signal: %s", s)
}
