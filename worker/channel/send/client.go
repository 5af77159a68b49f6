package send

import (
	"context"
	"crypto/tls"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HTTPOptions configure NewHTTPClient. The zero value is the strict client.
type HTTPOptions struct {
	Timeout      time.Duration  // for a whole request with its body, 30 s where 0
	AllowPrivate []netip.Prefix // ranges that may be connected to although they are private or special
	AllowHTTP    bool           // http:// besides https://, to addresses in AllowPrivate alone
	Setting      string         // where AllowPrivate is set, for the words of a refusal
	TLS          *tls.Config    // roots; nil means the system's

	// LookupIP and Dial stand in for the system's resolver and connections in tests.
	LookupIP func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

// ErrRefused is wrapped by every error about an address that the client doesn't connect to. No connection was made.
// It is an fs.ErrPermission.
var ErrRefused = fmt.Errorf("refused: %w", fs.ErrPermission)

// NewHTTPClient makes the only kind of HTTP client that Herald uses towards others. It has no proxy from the
// environment, follows no redirects (a 3xx is the response), and has no cookies and no transparent decompression.
// Headers have at most 64 KB. It doesn't connect to private or special addresses: each address is checked after it is
// resolved, and that address is dialled. Callers bound the bodies.
func NewHTTPClient(o HTTPOptions) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.LookupIP == nil {
		o.LookupIP = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	g := &guard{o}
	return &http.Client{
		Timeout:       o.Timeout,
		Transport:     &gate{guard: g, secure: g.transport(g.allowed), plain: g.transport(g.listed)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// gate checks the URL before anything is resolved.
type gate struct {
	guard         *guard
	secure, plain *http.Transport // for https and http
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := g.guard.checkURL(r.URL); err != nil {
		return nil, err
	}
	if r.URL.Scheme == "http" {
		return g.plain.RoundTrip(r)
	}
	return g.secure.RoundTrip(r)
}

// CloseIdleConnections is what http.Client looks for.
func (g *gate) CloseIdleConnections() {
	g.secure.CloseIdleConnections()
	g.plain.CloseIdleConnections()
}

type guard struct{ HTTPOptions }

func (g *guard) transport(allowed func(netip.Addr) bool) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return g.dial(ctx, network, address, allowed)
		},
		TLSClientConfig:        g.TLS.Clone(),
		TLSHandshakeTimeout:    10 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

func (g *guard) checkURL(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !g.AllowHTTP):
		return fmt.Errorf("%w: the URL must begin with https://", ErrRefused)
	case u.User != nil:
		return fmt.Errorf("%w: the URL must hold no user or password", ErrRefused)
	case host == "" || strings.Contains(host, "%"):
		return fmt.Errorf("%w: the URL needs a host without a zone", ErrRefused)
	}
	if _, err := netip.ParseAddr(host); err != nil && numeric(host) {
		return fmt.Errorf("%w: the host is a number that is no IP address", ErrRefused)
	}
	if port := u.Port(); port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n != 80 && n != 443 && n < 1024 {
			return fmt.Errorf("%w: the port must be 80, 443 or above 1023", ErrRefused)
		}
	}
	return nil
}

// numeric reports hosts that some resolvers read as IPv4: the last label begins with a digit, as 127.1 or 0x7f000001.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(strings.TrimSuffix(host, "."), '.')+1:]
	return last != "" && last[0] >= '0' && last[0] <= '9'
}

// dial resolves, checks every address, and connects to the first that answers. It dials the address that it checked:
// a name that changes its address in between gains nothing.
func (g *guard) dial(ctx context.Context, network, address string, allowed func(netip.Addr) bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.Addr, 1)
	if addrs[0], err = netip.ParseAddr(host); err != nil {
		if addrs, err = g.LookupIP(ctx, host); err != nil {
			return nil, err
		}
	}
	usable := slices.DeleteFunc(slices.Clone(addrs), func(a netip.Addr) bool { return !allowed(a) })
	if len(usable) < len(addrs) && !slices.ContainsFunc(usable, g.listed) { // localhost may have one that is listed, and one that isn't
		return nil, g.refuse(addrs[slices.IndexFunc(addrs, func(a netip.Addr) bool { return !allowed(a) })])
	}
	err = fmt.Errorf("%w: the host has no address", ErrRefused)
	for _, addr := range usable {
		var conn net.Conn
		if conn, err = g.Dial(ctx, network, net.JoinHostPort(addr.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// refuse says why an address is not connected to.
func (g *guard) refuse(addr netip.Addr) error {
	why := "the host has a private or special address"
	if IsPublic(addr) {
		why = "plain http goes to private networks alone"
	}
	if g.Setting != "" {
		why += ", and " + g.Setting + " does not list its network"
	}
	return fmt.Errorf("%w: %s", ErrRefused, why)
}

// listed reports an address in AllowPrivate.
func (g *guard) listed(addr netip.Addr) bool { return within(g.AllowPrivate, addr) }

func (g *guard) allowed(addr netip.Addr) bool { return g.listed(addr) || IsPublic(addr) }

// special are the ranges of IANA's special-purpose registries that netip's own methods don't know.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var global6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// IsPublic reports an address on the public internet: unicast, and in no private or special range. An IPv4 address
// within IPv6 counts as itself where it is mapped, and as special where it is translated (64:ff9b::/96, 2002::/16).
func IsPublic(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Zone() != "" || addr.Is6() && !global6.Contains(addr) {
		return false
	}
	for _, p := range special {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
