package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// address takes where to listen, "host:port".
func address(into *string) func(*value) {
	return func(v *value) {
		s, ok := v.scalar(`an address such as ":8080"`)
		if !ok {
			return
		}
		if err := checkAddress(s); err != nil {
			v.fail("%v", err)
			return
		}
		*into = s
	}
}

func checkAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if isInteger(s) {
		const format = `%[1]s is not an address; write ":%[1]s" for all interfaces or "127.0.0.1:%[1]s" for this machine`
		return fmt.Errorf(format, clip(s))
	}
	if err != nil {
		return fmt.Errorf(`%s is not an address; write host:port, such as ":8080", "127.0.0.1:8080" or "[::1]:8080"`, quote(s))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || !isInteger(port) {
		return fmt.Errorf("the port of %s must be a number from 0 (any that is free) to 65535", quote(s))
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return nil
	}
	if strings.Trim(host, "0123456789.") == "" || !isHostname(host) {
		return fmt.Errorf("the host of %s is neither an IP address nor a name", quote(s))
	}
	return nil
}

func isHostname(s string) bool {
	for _, r := range s {
		if !(r == '-' || r == '.' || r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))) {
			return false
		}
	}
	return len(s) <= 253
}
