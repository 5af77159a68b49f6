package send

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ParseNetworks reads networks, separated by commas or blanks: 127.0.0.0/8, fd00::/8, or single addresses.
func ParseNetworks(text string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for entry := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(entry)
		if addr, single := netip.ParseAddr(entry); single == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%.50q is no network such as 10.0.0.0/8 or fd00::/8", entry)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%.50q has bits beyond its length: did you mean %s or %s?", entry, p.Masked(), p.Addr())
		}
		list = append(list, p)
	}
	return list, nil
}

// CheckTarget says why a client that is allowed these networks, and http to them, can never reach a URL: nil where it
// can, or where only resolving its host would tell. setting names where the networks are listed. The error doesn't show
// the URL, which may hold a token.
func CheckTarget(raw string, networks []netip.Prefix, setting string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("the URL can't be read")
	}
	g := &guard{HTTPOptions{AllowPrivate: networks, AllowHTTP: true, Setting: setting}}
	if err := g.checkURL(u); err != nil {
		return err
	}
	allowed := g.allowed
	if u.Scheme == "http" {
		allowed = g.listed
		if len(networks) == 0 {
			return fmt.Errorf("plain http goes to private networks alone, and %s lists none: use https, or list the network of this host there, such as 127.0.0.0/8 or 10.0.0.0/8", setting)
		}
	}
	hosts := map[string][]string{"localhost": {"127.0.0.1", "::1"}}[strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))]
	if hosts == nil {
		hosts = []string{u.Hostname()}
	}
	var refused error
	for _, host := range hosts {
		addr, err := netip.ParseAddr(host)
		if err != nil || allowed(addr) {
			return nil //nolint:nilerr // a name is resolved when it is dialled
		}
		refused = fmt.Errorf("%s: it leads to %s", strings.TrimPrefix(g.refuse(addr).Error(), ErrRefused.Error()+": "), addr)
	}
	return refused
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
