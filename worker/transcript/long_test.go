package transcript

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/task"
)

// longTalk is a conversation of n messages with so many bytes of text each, every hundredth with a redaction.
func longTalk(n, size int, html bool) []byte {
	var b strings.Builder
	b.WriteString(`{"id":"long","name":"A long conversation","messages":[`)
	sentence := "The quick brown fox jumps over the lazy dog, again and again, and says so. "
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		body := fmt.Sprintf("Message %d. ", i) + strings.Repeat(sentence, size/len(sentence)+1)
		body = body[:size]
		fmt.Fprintf(&b, `{"id":"m%d","channel":"email","direction":%q,"sentAt":"2026-02-03T%02d:%02d:%02dZ","body":%q`, i, []string{"in", "out"}[i%2], i/3600, i/60%60, i%60, body)
		if html {
			fmt.Fprintf(&b, `,"htmlBody":%q`, "<p>"+body+"</p>")
		}
		if i%100 == 0 {
			fmt.Fprintf(&b, `,"redactions":[{"text":"Message %d."}]`, i)
		}
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// peak runs f and returns by how many bytes the heap grew at most.
func peak(f func()) uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var highest atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				highest.Store(max(highest.Load(), m.HeapAlloc))
			}
		}
	}()
	f()
	close(stop)
	<-done
	return max(highest.Load(), before) - before
}

// most is how many bytes of heap the largest conversations may take.
const most = 512 << 20

// A conversation of 5,000 messages and 20 MB of text is read, redacted and rendered in bounded memory. As a whole it is
// larger than an email may be, which is an error that says so; shortened it holds the newest messages and says how many
// it lacks, whichever comes first.
func TestLongConversations(t *testing.T) {
	if raceFactor > 1 {
		t.Skip("it counts bytes, and runs in one goroutine")
	}
	w := newForwarder(t)
	talk := longTalk(5000, 4096, true)
	var err error
	if n := peak(func() { _, err = makeOne(t, w, task.Forward{}, talk) }); n > most {
		t.Errorf("%d MB took %d MB", len(talk)>>20, n>>20)
	}
	var known *compose.Verdict
	if !errors.As(err, &known) || known.Code != "transcript_too_large" || !strings.Contains(err.Error(), "more than 5242880 bytes") {
		t.Errorf("error %v", err)
	}
	talk = longTalk(5000, 4096, false)
	for _, order := range []task.ForwardOrder{task.NewestFirst, task.OldestFirst} {
		var made *Made
		n := peak(func() { made, err = makeOne(t, w, task.Forward{Order: order, Overflow: task.ShortenOverflow}, talk) })
		if err != nil || n > most {
			t.Fatalf("%s: %v, %d MB took %d MB", order, err, len(talk)>>20, n>>20)
		}
		text, html := made.Message.Text, made.Message.HTML
		shown := strings.Count(text, rule)
		if shown < 500 || len(html) > MaxOutput || len(html) < MaxOutput/2 {
			t.Errorf("%s: %d messages, %d bytes of HTML", order, shown, len(html))
		}
		if want := fmt.Sprintf("The oldest %s messages are left out", thousands(5000-shown)); !strings.Contains(text, want) || !strings.Contains(html, want) {
			t.Errorf("%s: %q is not said in %.500s", order, want, text)
		}
		first, last := strings.Index(text, "Message 4999. The"), strings.Index(text, fmt.Sprintf("Message %d. The", 5000-shown))
		if first < 0 || last < 0 || (first < last) != (order == task.NewestFirst) {
			t.Errorf("%s: the newest at %d, the oldest at %d", order, first, last)
		}
	}
}

// rule stands above each message of the text.
const rule = "\n------------------------------------------------------------\n"

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }

// Many short messages fit.
func TestThousandsOfShortMessages(t *testing.T) {
	made, err := makeOne(t, newForwarder(t), task.Forward{}, longTalk(2000, 100, false))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(made.Message.Text, rule); n != 2000 {
		t.Errorf("%d messages", n)
	}
}

// One message that is larger than an email fails, shortened or not.
func TestOneMessageTooLarge(t *testing.T) {
	_, err := makeOne(t, newForwarder(t), task.Forward{Overflow: task.ShortenOverflow}, longTalk(1, MaxOutput+1, false))
	var known *compose.Verdict
	if !errors.As(err, &known) || known.Code != "transcript_too_large" {
		t.Errorf("error %v", err)
	}
}
