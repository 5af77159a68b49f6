package send

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// hosts is what a resolver would say, some of it as libc reads numbers.
var hosts = map[string]string{
	"localhost": "127.0.0.1", "127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1", "0177.0.0.1": "127.0.0.1",
	"redirect-to-127.test": "93.184.216.34", "metadata.google.internal": "169.254.169.254", "example.com": "93.184.216.34",
}

// guarded is a client whose resolver is a table and whose dialler only notes what it was asked for: nothing leaves.
func guarded(o HTTPOptions, dialled *[]string) *http.Client {
	o.LookupIP = func(_ context.Context, host string) ([]netip.Addr, error) {
		if ip, ok := hosts[host]; ok {
			return []netip.Addr{netip.MustParseAddr(ip)}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	o.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		*dialled = append(*dialled, address)
		return nil, errors.New("the test dials nobody")
	}
	return NewHTTPClient(o)
}

// A private address is refused before anything connects to it.
func TestSSRF(t *testing.T) {
	raw, err := os.ReadFile("testdata/ssrf_urls.json")
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	if err := json.Unmarshal(raw, &urls); err != nil || len(urls) < 30 {
		t.Fatalf("%d urls, %v", len(urls), err)
	}
	for _, entry := range urls {
		address, note, _ := strings.Cut(entry, " ")
		if note != "" {
			continue // a redirect and rebinding: below
		}
		for _, scheme := range []string{"http:", "https:"} {
			address := strings.Replace(address, "http:", scheme, 1)
			var dialled []string
			client := guarded(HTTPOptions{AllowHTTP: true}, &dialled)
			resp, err := client.Get(address)
			if err == nil {
				_ = resp.Body.Close()
			}
			if err == nil || len(dialled) > 0 {
				t.Errorf("%s: %v, dialled %q", address, err, dialled)
			}
			if _, parses := http.NewRequest(http.MethodGet, address, nil); parses == nil && !errors.Is(err, ErrRefused) && !strings.Contains(err.Error(), "%25") {
				t.Errorf("%s: not refused by us: %v", address, err)
			}
		}
	}
	var dialled []string
	if _, err := guarded(HTTPOptions{}, &dialled).Get("https://example.com/"); errors.Is(err, ErrRefused) || len(dialled) != 1 || dialled[0] != "93.184.216.34:443" {
		t.Errorf("a public address: %v, dialled %q", err, dialled)
	}
	if _, err := guarded(HTTPOptions{}, &dialled).Get("http://example.com/"); !errors.Is(err, ErrRefused) {
		t.Errorf("http without AllowHTTP: %v", err)
	}
}

func TestSSRFRebinding(t *testing.T) {
	answers := []string{"93.184.216.34", "127.0.0.1"}
	var dialled []string
	client := NewHTTPClient(HTTPOptions{
		LookupIP: func(context.Context, string) ([]netip.Addr, error) {
			a := netip.MustParseAddr(answers[0])
			answers = answers[1:]
			return []netip.Addr{a}, nil
		},
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			return nil, errors.New("the test dials nobody")
		},
	})
	_, first := client.Get("https://rebind.test/")
	_, second := client.Get("https://rebind.test/")
	if errors.Is(first, ErrRefused) || !errors.Is(second, ErrRefused) || len(dialled) != 1 || dialled[0] != "93.184.216.34:443" {
		t.Errorf("%v, %v, dialled %q", first, second, dialled)
	}
	mixed := NewHTTPClient(HTTPOptions{LookupIP: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.0.0.1")}, nil
	}, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}})
	if _, err := mixed.Get("https://mixed.test/"); !errors.Is(err, ErrRefused) {
		t.Errorf("one private address among several: %v", err)
	}
}

func TestNoRedirects(t *testing.T) {
	hits := 0
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer inner.Close()
	outer := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer outer.Close()
	client := NewHTTPClient(HTTPOptions{AllowHTTP: true, AllowPrivate: loopback})
	resp, err := client.Get(outer.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusFound || hits != 0 {
		t.Errorf("status %d, %d hits", resp.StatusCode, hits)
	}
}

func TestNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	var dialled []string
	_, _ = guarded(HTTPOptions{}, &dialled).Get("https://example.com/")
	if len(dialled) != 1 || dialled[0] != "93.184.216.34:443" {
		t.Errorf("dialled %q", dialled)
	}
}

func TestIsPublic(t *testing.T) {
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "100.127.255.255": false, "198.19.0.1": false, "192.0.0.8": false,
		"240.0.0.1": false, "64:ff9b::808:808": false, "2002:7f00:1::": false, "2001::1": false, "fe80::1%eth0": false, "ff02::1": false,
		"fec0::1": false, "0.1.2.3": false, "::": false, "203.0.113.9": false, "2001:db8::1": false, "172.31.255.255": false, "172.32.0.1": true,
	} {
		if got := IsPublic(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}
