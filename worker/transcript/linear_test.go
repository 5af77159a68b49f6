//go:build !race

package transcript

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/task"
)

// What one hostile conversation may cost more than a harmless one.
const (
	mostCPU    = 2 * time.Second
	mostMemory = 256 << 20 // bytes
)

// hostileTalks are conversations in which redaction has much to do.
func hostileTalks() map[string]object {
	const (
		secret = "secret word"
		n      = 40_000
	)
	redacted := func(m object) object {
		return object{"redactions": []any{object{"text": secret}}, "messages": []any{m}}
	}
	body := func(s string) object { return redacted(object{"direction": "in", "body": s}) }
	html := func(s string) object { return redacted(object{"direction": "in", "htmlBody": s}) }
	rep := func(s string, size int) string { return strings.Repeat(s, size/len(s)) }
	const mb = 1 << 20
	out := map[string]object{
		"tags":                      html(strings.Repeat("<b>secret</b> word ", n)),
		"links":                     html(strings.Repeat(`<a href="https://x.example/secret%20word">x</a>`, n)),
		"links with much to decode": html(strings.Repeat(`<a href="https://x.example/?a=41&amp;b=%2541%20c">x</a>`, n)),
		"links that differ": html(each40000(func(i int) string {
			return fmt.Sprintf(`<a href="https://x.example/?a=41&amp;b=%%2541%%20c%d">x</a>`, i)
		})),
		"tags in a word":          html("secret " + strings.Repeat("<b></b>", n) + "word"),
		"titles":                  html(strings.Repeat(`<i title="secret word">x</i>`, n)),
		"hits":                    body(strings.Repeat(secret+" ", n)),
		"coming together":         body(strings.Repeat("secret ", n) + strings.Repeat("word ", n)),
		"beginnings":              body(rep("secret wor", mb)),
		"percent":                 body(rep("%73%65", mb)),
		"percent twice":           body(rep("%2573", mb)),
		"percent many times":      body("%" + rep("25", mb)),
		"octets of no character":  body(rep("%E4%E4%e4", mb)),
		"ampersands":              body(rep("&", mb)),
		"entities":                body(rep("&#115;", mb)),
		"entities without an end": body(rep("&"+strings.Repeat("a", 62), mb)),
		"equals signs":            body(rep("=73=", mb)),
		"line breaks":             body(rep("=\r\r\r\r\r\n", mb)),
		"backslashes":             body(rep(`\u0073`, mb)),
		"all codes":               body(rep(`%26#=37`, mb)),
		"base64":                  body(rep(base64.StdEncoding.EncodeToString([]byte("secret wor")), mb)),
		"base64 in lines":         body(rep("c2VjcmV0IHdvcmQ\n> ", mb)),
		"long characters":         body(rep("ﷺ", mb)),
		"invisible characters":    body(rep("\u200b", mb)),
		"quotation marks":         body(rep(">", mb)),
		"attributions":            body(rep("wrote wrote wrote wrote:\n", mb)),
		"rules":                   body(rep("---- a ", 250) + rep("\n"+rep("---- a ", 250), mb)),
		"from":                    body(rep("from: x\n", mb)),
		"many texts": {"messages": []any{
			object{"direction": "in", "body": rep("ab abc abcd abcde ", mb), "redactions": func() (list []any) {
				for i := range 1000 {
					list = append(list, object{"text": strings.Repeat("a", 3+i%17) + string(rune('b'+i%20))})
				}
				return list
			}()},
			object{"direction": "in", "body": rep("a", mb)},
		}},
		"a withheld megabyte": {"messages": []any{
			object{"direction": "in", "redacted": true, "body": longWords(mb)}, object{"direction": "out", "body": longWords(mb)},
		}},
		"a withheld megabyte of lines": {"messages": []any{
			object{"direction": "in", "redacted": true, "body": strings.ReplaceAll(longWords(mb), " ", "\n")}, object{"direction": "out", "body": longWords(mb)},
		}},
	}
	var copies, pieces []any
	for i := range 5000 {
		copies = append(copies, object{"id": "m", "direction": "in", "sentAt": 1770109200000 + 10_000*i, "body": fmt.Sprint("said ", i), "redactions": []any{object{"text": fmt.Sprintf("word%d", i)}}})
		pieces = append(pieces, object{"direction": "in", "sentAt": 1770109200000 + 10_000*i, "body": fmt.Sprint("word said ", i), "redactions": []any{object{"start": 0, "end": 4}}})
	}
	out["copies"], out["pieces"] = object{"messages": copies}, object{"messages": pieces}
	return out
}

func each40000(f func(i int) string) string {
	var b strings.Builder
	for i := range 40_000 {
		b.WriteString(f(i))
	}
	return b.String()
}

// longWords are words that all differ.
func longWords(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "w%dx ", i)
	}
	return b.String()
}

// A conversation costs what its length does, however hostile: measured in a process of its own.
func TestRedactionIsLinear(t *testing.T) {
	const key = "HERALD_TEST_TALK"
	if name := os.Getenv(key); name != "" {
		forwardHostile(t, name)
		return
	}
	run := func(name string) (time.Duration, int64) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRedactionIsLinear$")
		cmd.Env = append(os.Environ(), key+"="+name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("no usage of the process")
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano()), used.Maxrss << 10
	}
	idleCPU, idleMemory := run("harmless")
	for name := range hostileTalks() {
		spent, memory := run(name)
		spent, memory = spent-idleCPU, memory-idleMemory
		if t.Logf("%s: %v, %d MB", name, spent, memory>>20); spent > mostCPU || memory > mostMemory {
			t.Errorf("%s takes %v and %d MB", name, spent, memory>>20)
		}
	}
}

// forwardHostile makes one transcript; that it is too large is an answer.
func forwardHostile(t *testing.T, name string) {
	talk, ok := hostileTalks()[name]
	if !ok {
		talk = object{"messages": []any{object{"direction": "in", "body": "x"}}}
	}
	data, err := json.Marshal(talk)
	if err != nil {
		t.Fatal(err)
	}
	var known *compose.Verdict
	if _, err := makeOne(t, newForwarder(t), task.Forward{Overflow: task.ShortenOverflow}, data); err != nil && !errors.As(err, &known) {
		t.Fatal(err)
	}
}
