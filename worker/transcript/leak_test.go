package transcript

import (
	"encoding/json"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/email"
)

var leakCases = flag.Int("leak.cases", 300/raceFactor, "how many conversations TestNothingRedactedLeaks makes")

// What was redacted is nowhere in a forward, however it is written and wherever it stands: not in the bytes of the mail, not in
// what a preview shows, not in the text of the event; and what nobody redacted stays.
func TestNothingRedactedLeaks(t *testing.T) {
	w := newForwarder(t)
	kept, lines, looked, seen := 0, 0, 0, 0
	for n := range *leakCases {
		s := newScene(n)
		kind := kinds[s.rng.IntN(len(kinds))]
		kind.redact(s)
		s.note("redacted as " + kind.name)
		first := n / len(disguises) % len(places)
		for _, at := range []int{first, s.rng.IntN(len(places))} {
			s.note("in " + places[at].name)
			places[at].put(s)
		}
		if s.rng.IntN(2) == 0 {
			s.quote()
		}
		sent := textsOf(t, w, s, true)
		for _, leak := range leaks(s.secret, sent) {
			t.Errorf("case %d: %q as %s, %s: %s", n, s.secret, s.disguise.name, strings.Join(s.what, ", "), around(leak, s.secret))
		}
		if n%10 == 0 {
			looked++
			if len(leaks(s.secret, textsOf(t, w, s, false))) > 0 {
				seen++
			}
		}
		text := sent[len(sent)-1]
		for _, line := range s.innocent {
			lines++
			if strings.Contains(text, line) {
				kept++
			} else if testing.Verbose() {
				t.Logf("case %d: %s: %q is lost: %q", n, strings.Join(s.what, ", "), line, s.secret)
			}
		}
	}
	if kept*100 < lines*99 {
		t.Errorf("%d of %d lines that nobody redacted stay", kept, lines)
	}
	// The oracle can see: nearly every secret is read where nothing is redacted.
	if seen*100 < looked*90 {
		t.Errorf("the oracle reads %d of %d secrets that aren't redacted", seen, looked)
	}
	t.Logf("%d conversations; %d of %d lines stay; without redaction %d of %d leak", *leakCases, kept, lines, seen, looked)
}

// textsOf is all that leaves Herald when a scene is forwarded: the parts of the mail, the preview as JSON, the text of the
// event, and at last the text of the mail.
func textsOf(t *testing.T, w *Forwarder, s *scene, redacted bool) []string {
	t.Helper()
	f := s.forward
	made, err := makeOne(t, w, f, s.json(redacted))
	if err != nil {
		t.Fatalf("%s as %s, %s: %v", s.secret, s.disguise.name, strings.Join(s.what, ", "), err)
	}
	raw, err := email.Compose(made.Message, time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatalf("%s as %s, %s: %v", s.secret, s.disguise.name, strings.Join(s.what, ", "), err)
	}
	shown, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	texts := append(partsOf(t, raw), string(shown), made.Introduction)
	for _, file := range made.Files {
		texts = append(texts, file.Name)
	}
	return append(texts, made.Message.Text)
}

// around is what stands around a leak.
func around(text, secret string) string {
	if at := strings.Index(text, secret); at >= 0 {
		return text[max(0, at-60):min(len(text), at+len(secret)+60)]
	}
	if len(text) > 3000 {
		return text[len(text)-3000:]
	}
	return text
}
