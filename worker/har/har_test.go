package har

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"
)

// The three browsers' forms, by their documented differences: Chrome's _initiator, _resourceType, _webSocketMessages and
// _error; Firefox's request without status for what failed, its _securityState and parameters; Safari's creator WebKit,
// _fetchType and sizes in the response.
var browsers = map[string]string{
	"chrome": `{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[{"startedDateTime":"2026-11-30T10:00:00.000Z","id":"page_1","title":"https://desk.example/app/inbox?token=abc","pageTimings":{"onContentLoad":120.5,"onLoad":300.1}}],
	"entries":[{"_initiator":{"type":"script","stack":{"callFrames":[{"functionName":"f","url":"https://desk.example/s.js?k=v"}]}},"_priority":"High","_resourceType":"fetch","cache":{},"connection":"443","pageref":"page_1",
	"request":{"method":"POST","url":"https://ann:pw@api.desk.example/v1/messages?email=ann%40desk.example&sig=zz#frag","httpVersion":"http/2.0","headers":[{"name":":authority","value":"api.desk.example"},{"name":"authorization","value":"Bearer tok"},{"name":"cookie","value":"sid=1"},{"name":"content-type","value":"application/json"},{"name":"x-api-key","value":"k"}],"queryString":[{"name":"email","value":"ann@desk.example"}],"cookies":[{"name":"sid","value":"1","path":"/","domain":"desk.example","expires":"2026-12-30T10:00:00.000Z","httpOnly":true,"secure":true}],"headersSize":-1,"bodySize":40,"postData":{"mimeType":"application/json","text":"{\"to\":\"ann@desk.example\",\"count\":2,\"tags\":[\"a\"]}"}},
	"response":{"status":503,"statusText":"try later","httpVersion":"http/2.0","headers":[{"name":"retry-after","value":"30"},{"name":"set-cookie","value":"sid=2"},{"name":"content-type","value":"application/json; charset=utf-8"}],"cookies":[],"content":{"size":17,"mimeType":"application/json","text":"{\"error\":\"who\"}"},"redirectURL":"https://desk.example/login?next=x","headersSize":-1,"bodySize":17,"_transferSize":200,"_error":null},
	"serverIPAddress":"192.0.2.7","startedDateTime":"2026-11-30T10:00:01.000Z","time":812.25,"timings":{"blocked":2,"dns":-1,"ssl":-1,"connect":-1,"send":0.2,"wait":800,"receive":10,"_blocked_queueing":1}},
	{"_resourceType":"websocket","_webSocketMessages":[{"type":"send","time":1,"opcode":1,"data":"hello"}],"request":{"method":"GET","url":"wss://push.desk.example/socket/aGVsbG8gd29ybGQ0Mg","httpVersion":"HTTP/1.1","headers":[],"queryString":[],"cookies":[],"headersSize":1,"bodySize":0},"response":{"status":0,"statusText":"","httpVersion":"","headers":[],"cookies":[],"content":{"size":0,"mimeType":"x-unknown"},"redirectURL":"","headersSize":-1,"bodySize":-1,"_error":"net::ERR_CONNECTION_RESET"},"startedDateTime":"2026-11-30T10:00:02.000Z","time":5,"timings":{"send":0,"wait":0,"receive":0}}]}}`,
	"firefox": `{"log":{"version":"1.2","creator":{"name":"Firefox","version":"128.0"},"browser":{"name":"Firefox","version":"128.0"},"pages":[{"id":"page_1","pageTimings":{"onContentLoad":88,"onLoad":99},"startedDateTime":"2026-11-30T11:00:00.000+01:00","title":"Inbox of Ann"}],
	"entries":[{"startedDateTime":"2026-11-30T11:00:00.000+01:00","request":{"bodySize":20,"method":"POST","url":"https://desk.example/login","httpVersion":"HTTP/2","headers":[{"name":"Host","value":"desk.example"},{"name":"Cookie","value":"a=b"}],"cookies":[{"name":"a","value":"b"}],"queryString":[],"headersSize":300,"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"password","value":"pw"}],"text":"password=pw"}},
	"response":{"status":302,"statusText":"Found","httpVersion":"HTTP/2","headers":[{"name":"Location","value":"https://desk.example/in?ticket=t"}],"cookies":[{"name":"s","value":"v"}],"content":{"mimeType":"text/html","size":10,"encoding":"base64","text":"eyJuYW1lIjoiQW5uIn0="},"redirectURL":"https://desk.example/in?ticket=t","headersSize":100,"bodySize":110},"cache":{},"timings":{"blocked":1,"dns":2,"connect":3,"ssl":4,"send":0,"wait":40,"receive":1},"time":51,"_securityState":"secure","serverIPAddress":"192.0.2.8","connection":"443","pageref":"page_1"},
	{"startedDateTime":"2026-11-30T11:00:01.000+01:00","request":{"bodySize":0,"method":"GET","url":"https://cdn.example/lib.js","httpVersion":"","headers":[],"cookies":[],"queryString":[],"headersSize":0},"response":{"status":0,"statusText":"NS_ERROR_UNKNOWN_HOST","httpVersion":"","headers":[],"cookies":[],"content":{"size":0,"mimeType":""},"redirectURL":"","headersSize":-1,"bodySize":-1},"cache":{},"timings":{},"time":0,"pageref":"page_1"}]}}`,
	"safari": `{"log":{"version":"1.2","creator":{"name":"WebKit Web Inspector","version":"1.0"},"pages":[{"startedDateTime":"2026-11-30T10:00:00.000Z","id":"page_0","title":"https://desk.example/","pageTimings":{"onContentLoad":50,"onLoad":70}}],
	"entries":[{"pageref":"page_0","startedDateTime":"2026-11-30T10:00:00.100Z","time":33.3,"request":{"method":"GET","url":"https://desk.example/v1/customers/5f3c2a9b8d7e6f5a4b3c2d1e","httpVersion":"HTTP/2","cookies":[],"headers":[{"name":"Referer","value":"https://desk.example/?q=1"},{"name":"Accept","value":"*/*"}],"queryString":[],"headersSize":200,"bodySize":0},
	"response":{"status":404,"statusText":"","httpVersion":"HTTP/2","cookies":[],"headers":[{"name":"Content-Type","value":"application/json"},{"name":"Date","value":"Mon, 30 Nov 2026 10:00:00 GMT"}],"content":{"size":30,"compression":2,"mimeType":"application/json","text":"[{\"id\":1}]"},"redirectURL":"","headersSize":120,"bodySize":28,"_transferSize":148,"_error":"kCFErrorDomainCFNetwork"},"cache":{},"timings":{"blocked":0,"dns":-1,"connect":-1,"ssl":-1,"send":1,"wait":30,"receive":2},"serverIPAddress":"192.0.2.9","connection":"1","_fetchType":"Network Load","_priority":"medium"}]}}`,
}

func redacted(t *testing.T, data string, bodies Bodies) (*Record, string) {
	t.Helper()
	r, err := Read([]byte(data), bodies)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(out)
}

func TestWhatStays(t *testing.T) {
	for browser, want := range map[string][]string{
		"chrome": {`"url":"https://api.desk.example/v1/messages?[redacted]"`, `{"name":"retry-after","value":"30"}`, `{"name":"authorization","value":"[redacted]"}`,
			`"status":503`, `"_error":"net::ERR_CONNECTION_RESET"`, `"wait":800`, `"_resourceType":"fetch"`, `"onLoad":300.1`, `{\"count\":\"number\",\"tags\":[\"text\"],\"to\":\"text\"}`,
			`"url":"wss://push.desk.example/socket/[redacted]"`, `"redirectURL":"https://desk.example/login?[redacted]"`, `"name":"WebInspector"`},
		"firefox": {`"url":"https://desk.example/login"`, `"status":302`, `"version":"128.0"`, `"ssl":4`, `{\"name\":\"text\"}`, `"startedDateTime":"2026-11-30T11:00:00.000+01:00"`},
		"safari": {`"url":"https://desk.example/v1/customers/[redacted]"`, `"status":404`, `"name":"WebKit Web Inspector"`, `"_resourceType":"Network Load"`,
			`{"name":"Date","value":"Mon, 30 Nov 2026 10:00:00 GMT"}`, `[{\"id\":\"number\"}]`},
	} {
		r, out := redacted(t, browsers[browser], Shapes)
		for _, piece := range want {
			if !strings.Contains(out, piece) {
				t.Errorf("%s: %s is not in\n%s", browser, piece, out)
			}
		}
		for _, secret := range []string{"Bearer", "tok", "sid=", "ann", "Ann", "pw", "ticket", "abc", "frag", "192.0.2", "try later", "who", "hello", "5f3c2a9b"} {
			if strings.Contains(out, secret) {
				t.Errorf("%s: %q is in\n%s", browser, secret, out)
			}
		}
		if failed := r.Failed(); len(failed) != map[string]int{"chrome": 2, "firefox": 1, "safari": 1}[browser] {
			t.Errorf("%s: %d failed", browser, len(failed))
		}
		if again, err := Read([]byte(out), Shapes); err != nil || len(again.Log.Entries) != len(r.Log.Entries) {
			t.Errorf("%s: what is written is no HAR: %v", browser, err)
		}
	}
	if r, _ := redacted(t, browsers["firefox"], NoBodies); r.Slowest(1)[0].Time != 51 || len(r.Slowest(9)) != 2 {
		t.Errorf("%+v", r.Slowest(9))
	}
}

// everyForm tries every secret in every form at every place.
var everyForm = flag.Bool("har.all", false, "every secret in every form at every place")

// canaries are secrets of many kinds.
var canaries = []string{
	"Zq8xK3vN9pL2mW7rT5yBc4Hd", "ada.canary@secret.example", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl", "4111111111111111", "+447700900123",
	"sk_live_51Hx9Kq2eZvKYlo2C", "550e8400-e29b-41d4-a716-446655440000", "https://x.example/reset/Q7tR9xV2bN4mK8?code=99", "Passw0rd!", "Bearer mF_9.B5f-4.1JqM", "Ada Lovelace <ada>",
}

// Wherever a secret stands in a HAR, as a value or as a name, alone or within a text, it is not in the output.
func TestCanariesAreNowhere(t *testing.T) {
	for browser, text := range browsers {
		var root any
		if err := json.Unmarshal([]byte(text), &root); err != nil {
			t.Fatal(err)
		}
		places := 0
		visit(root, func(set func(any), was string, isName bool) {
			places++
			for i, canary := range canaries {
				forms := []string{canary, was + canary, "{\"" + canary + "\":\"" + canary + "\"}", base64.StdEncoding.EncodeToString([]byte(canary))}
				if !*everyForm { // each place gets all canaries, each canary all forms
					forms = forms[(places+i)%4:][:1]
				}
				for _, value := range forms {
					set(value)
					data, err := json.Marshal(root)
					if err != nil {
						t.Fatal(err)
					}
					if r, err := Read(data, Shapes); err == nil {
						out, _ := json.Marshal(r)
						if strings.Contains(string(out), canary) || strings.Contains(string(out), base64.StdEncoding.EncodeToString([]byte(canary))) {
							t.Errorf("%s: %q in the place of %q (a name: %v) is in %s", browser, value, was, isName, out)
							set(was)
							return
						}
					} else if strings.Contains(err.Error(), canary) {
						t.Errorf("%s: %q is in the error %v", browser, value, err)
					}
				}
			}
			set(was)
		})
		if places < 40 {
			t.Errorf("%s: %d places", browser, places)
		}
	}
}

// visit goes to every text of a document, and to the name of every member that HAR doesn't know, of which there is one more
// in every object.
func visit(v any, at func(set func(any), was string, isName bool)) {
	switch v := v.(type) {
	case map[string]any:
		last := "_own"
		v[last] = "x"
		at(func(name any) {
			delete(v, last)
			last = fmt.Sprint(name)
			v[last] = "x"
		}, "_own", true)
		delete(v, last)
		for name, inner := range v {
			if s, is := inner.(string); is {
				at(func(x any) { v[name] = x }, s, false)
			} else {
				visit(inner, at)
			}
		}
	case []any:
		for _, inner := range v {
			visit(inner, at)
		}
	}
}

func TestWhatIsNoHAR(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a list": "[]", "no log": "{}", "no entries": `{"log":{}}`, "twice": `{"log":{},"log":{}}`, "wrong": `{"log":{"entries":[{"time":"Zq8xK3vN9pL2mW7rT5yBc4Hd"}]}}`,
		"depth": `{"log":{"entries":[` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `]}}`, "bytes": "{\"log\":\"\xff\"}",
		"many": `{"log":{"entries":[` + strings.TrimSuffix(strings.Repeat("{},", maxEntries+1), ",") + `]}}`,
	} {
		if _, err := Read([]byte(text), NoBodies); err == nil || strings.Contains(err.Error(), "Zq8") || len(err.Error()) > 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := Read([]byte("\ufeff"+`{"log":{"entries":[{}]}}`), NoBodies); err != nil || len(r.Log.Entries) != 1 {
		t.Errorf("%v", err)
	}
}
