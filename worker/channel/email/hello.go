package email

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/heraldsend/herald/worker/address"
)

// CheckHello reports what is wrong with a name for EHLO: want a domain name of the host, or an address literal such as
// [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 section 4.1.4).
func CheckHello(name string) error {
	_, err := parseHello(name)
	return err
}

func parseHello(name string) (string, error) {
	if inside, ok := strings.CutPrefix(name, "["); ok {
		text, v6 := strings.CutPrefix(strings.TrimSuffix(inside, "]"), "IPv6:")
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Is6() != v6 || ip.Zone() != "" || !strings.HasSuffix(inside, "]") {
			return "", errors.New("the name for EHLO is no address literal such as [192.0.2.1] or [IPv6:2001:db8::1]")
		}
		return literal(ip), nil
	}
	domain, err := address.ParseDomain(name)
	if err != nil {
		return "", errors.New("the name for EHLO must be the host's full name, such as mail.example.com, or an address literal such as [192.0.2.1]")
	}
	return domain, nil
}

// literal writes an address as SMTP does (RFC 5321 section 4.1.3).
func literal(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return "[" + ip.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}

// publicName is the machine's name if it can be a name in the public DNS, else "". Many servers refuse a container's
// name, or one such as herald.internal.
func publicName(hostname func() (string, error)) string {
	name, err := hostname()
	if err != nil {
		return ""
	}
	if name, err = address.ParseDomain(strings.TrimSuffix(name, ".")); err != nil {
		return ""
	}
	if suffix, managed := publicsuffix.PublicSuffix(name); !managed && !strings.Contains(suffix, ".") {
		return ""
	}
	return name
}

// helloFor is the name for EHLO on a connection: the configured one, else the machine's, else the address that the
// connection comes from.
func helloFor(configured string, raw net.Conn) string {
	if configured != "" {
		return configured
	}
	if name := publicName(os.Hostname); name != "" {
		return name
	}
	if tcp, ok := raw.LocalAddr().(*net.TCPAddr); ok {
		return literal(tcp.AddrPort().Addr())
	}
	return literal(netip.IPv4Unspecified())
}
