package send

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParseNetworks(t *testing.T) {
	got, err := ParseNetworks("127.0.0.0/8, 10.1.2.3 fd00::/8,::1")
	want := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::1/128")}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
	if got, err := ParseNetworks(""); got != nil || err != nil {
		t.Errorf("%v %v", got, err)
	}
	for text, words := range map[string]string{
		"10.0.0.0": "", "10.1.0.0/8": "did you mean 10.0.0.0/8 or 10.1.0.0", "localhost": "no network", "10.0.0.0/33": "no network", "10.0.0/8": "no network",
		"::ffff:10.0.0.0/104": "no network", "fe80::1%eth0": "no network", "*": "no network",
	} {
		if _, err := ParseNetworks(text); (words == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What can never be reached is told before anything is sent, with the setting that would mend it.
func TestCheckTarget(t *testing.T) {
	for _, c := range []struct{ url, networks, refused string }{
		{"https://chat.example.com/x", "", ""},
		{"https://8.8.8.8/x", "", ""},
		{"https://gateway.internal/x", "", ""}, // only its address tells
		{"https://10.0.0.5/x", "10.0.0.0/8", ""},
		{"http://10.0.0.5/x", "10.0.0.0/8", ""},
		{"http://10.0.0.5:9000/x", "10.0.0.5", ""},
		{"http://localhost:9000", "127.0.0.0/8", ""},
		{"http://localhost:9000", "::1", ""},
		{"http://[::1]:9000", "::1/128", ""},
		{"http://gateway.internal/x", "10.0.0.0/8", ""},
		{"https://10.0.0.5/x", "", "private or special"},
		{"https://10.0.0.5/x", "192.168.0.0/16", "private or special"},
		{"https://[::1]/x", "127.0.0.0/8", "private or special"},
		{"https://localhost/x", "", "private or special"},
		{"https://LOCALHOST./x", "10.0.0.0/8", "private or special"},
		{"https://169.254.169.254/x", "10.0.0.0/8", "private or special"},
		{"http://127.0.0.1:9000/x", "", "plain http"},
		{"http://127.0.0.1:9000/x", "10.0.0.0/8", "private or special"},
		{"http://chat.example.com/x", "", "plain http"},
		{"http://8.8.8.8/x", "10.0.0.0/8", "plain http"},
		{"https://127.1/x", "127.0.0.0/8", "number"},
		{"https://chat.example.com:25/x", "", "port"},
		{"ftp://chat.example.com/x", "", "https"},
		{"https://u:c4nary@chat.example.com/x", "", "password"},
		{"https://10.0.0.5/c4nary?t=c4nary", "", "private or special"},
	} {
		networks, err := ParseNetworks(c.networks)
		if err != nil {
			t.Fatal(err)
		}
		err = CheckTarget(c.url, networks, "HERALD_ALLOW_NETWORKS")
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s with %q: %v", c.url, c.networks, err)
		}
		if err != nil && strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s: the error shows the URL: %v", c.url, err)
		}
		if strings.Contains(c.refused, "private") && !strings.Contains(err.Error(), "HERALD_ALLOW_NETWORKS") {
			t.Errorf("%s: the setting is not named: %v", c.url, err)
		}
	}
}

// Plain http goes to the listed networks and nowhere else; https goes there and to public addresses.
func TestListedNetworks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	open := NewHTTPClient(HTTPOptions{AllowHTTP: true, AllowPrivate: loopback})
	resp, err := open.Get(server.URL)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("a listed gateway: %v", err)
	}
	_ = resp.Body.Close()
	for _, c := range []struct {
		url     string
		answers string
		dialled bool
	}{
		{"https://public.test", "8.8.8.8", true},
		{"http://public.test", "8.8.8.8", false},
		{"http://private.test", "10.0.0.1", false},
		{"https://private.test", "10.0.0.1", false},
		{"http://listed.test", "127.0.0.1", true},
		{"https://listed.test", "127.0.0.1", true},
		{"http://both.test", "::1 127.0.0.1", true}, // to the one that is listed
		{"https://mixed.test", "8.8.8.8 10.0.0.1", false},
	} {
		var dialled []string
		client := NewHTTPClient(HTTPOptions{
			AllowHTTP: true, AllowPrivate: loopback, Setting: "HERALD_ALLOW_NETWORKS",
			LookupIP: func(context.Context, string) (list []netip.Addr, _ error) {
				for text := range strings.FieldsSeq(c.answers) {
					list = append(list, netip.MustParseAddr(text))
				}
				return list, nil
			},
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				dialled = append(dialled, address)
				return nil, errors.New("the test dials nobody")
			},
		})
		req, err := http.NewRequest(http.MethodPost, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, failed := Do(client, req, time.Now())
		if (len(dialled) > 0) != c.dialled || failed == nil {
			t.Errorf("%+v: dialled %q, %v", c, dialled, failed)
			continue
		}
		if !c.dialled && (failed.Code != "http_refused" || !failed.Account || failed.Permanent || !strings.Contains(failed.Error(), "HERALD_ALLOW_NETWORKS")) {
			t.Errorf("%+v: %+v is the operator's trouble, and names the setting", c, failed)
		}
	}
}
