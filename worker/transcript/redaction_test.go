package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/task"
)

// What leaked, or nearly, with its neighbours. A message is its JSON without direction; secret must be in nothing that is sent,
// and the text must hold what has says.
func TestRedactions(t *testing.T) {
	const withheld = `"redacted":true,"body":`
	for name, c := range map[string]struct {
		messages []string
		more     string // of the conversation
		forward  task.Forward
		secret   string
		has      []string
	}{
		"a short line of a withheld message, quoted":      {[]string{withheld + `"pw: tiger1"`, `"body":"Thanks.\n\n> pw: tiger1"`}, "", task.Forward{}, "tiger1", []string{"Thanks.", "> █████"}},
		"the same, quotes kept":                           {[]string{withheld + `"pw: tiger1"`, `"body":"Thanks.\n\n> pw: tiger1"`}, "", task.Forward{Quotes: task.KeepQuotes}, "tiger1", []string{"Thanks.", "> █████"}},
		"a PIN":                                           {[]string{withheld + `"PIN: 123"`, `"body":"ok\n> PIN: 123"`}, "", task.Forward{Quotes: task.KeepQuotes}, "pin123", []string{"ok"}},
		"a PIN alone":                                     {[]string{withheld + `"PIN: 123"`, `"body":"So 123 it is, in room 1234"`}, "", task.Forward{}, "so123it", []string{"So █████ it is, in room 1234"}},
		"a line of two digits":                            {[]string{withheld + `"the number is\n42"`, `"body":"ok\n> 42\nroom 42 is free"`}, "", task.Forward{Quotes: task.KeepQuotes}, "\n42", []string{"room 42 is free"}},
		"a line of two digits, in HTML":                   {[]string{withheld + `"42"`, `"htmlBody":"<p>ok</p><blockquote>42</blockquote><p>room 42</p>"`}, "", task.Forward{Quotes: task.KeepQuotes}, "ok42", []string{"room 42"}},
		"a line of signs":                                 {[]string{withheld + `"🔑🔑🗝"`, `"body":"ok\n🔑 🔑 🗝"`}, "", task.Forward{}, "🗝", []string{"ok"}},
		"a part of a line":                                {[]string{withheld + `"My password is tiger-4711-lily ok"`, `"body":"Is tiger-4711-lily right?"`}, "", task.Forward{}, "tiger4711lily", []string{"Is █████ right?"}},
		"another part of a line":                          {[]string{withheld + `"My password is what my grandmother said"`, `"body":"So: what my grandmother said?"`}, "", task.Forward{}, "whatmygrandmothersaid", []string{"So: "}},
		"a part over two lines":                           {[]string{withheld + `"The word is azalea, zinnia\nand dahlia; keep it"`, `"body":"It's azalea, zinnia and dahlia, so"`}, "", task.Forward{}, "azaleazinniaanddahlia", nil},
		"a line of HTML":                                  {[]string{`"redacted":true,"htmlBody":"<ul><li>tiger lily</li></ul>"`, `"body":"So tiger\nlily?"`}, "", task.Forward{}, "tigerlily", []string{"So █████?"}},
		"the preview of a withheld message":               {[]string{`"redacted":true,"preview":"tiger lily"`, `"body":"So tiger lily?"`}, "", task.Forward{}, "tigerlily", nil},
		"the file of a withheld message":                  {[]string{withheld + `"x","attachments":[{"name":"canary-passport.png"}]`, `"body":"I saw canary-passport.png"`}, "", task.Forward{}, "canary", []string{"I saw █████"}},
		"the subject of a withheld message":               {[]string{withheld + `"x","subject":"AW: Re: tiger lily"`, `"body":"ok","subject":"Fwd: tiger lily"`}, "", task.Forward{}, "tigerlily", nil},
		"before the withheld message":                     {[]string{`"body":"tiger lily 77"`, withheld + `"tiger lily 77"`}, "", task.Forward{}, "tigerlily", nil},
		"a name that says it":                             {[]string{withheld + `"tigerlily7"`, `"body":"x","createdBy":{"displayName":"tigerlily7"}`}, "", task.Forward{}, "tigerlily", nil},
		"greetings stay":                                  {[]string{withheld + `"Hello Robin,\ntiger77\nThank you very much!\nAda"`, `"body":"Hello Robin,\nThank you very much!\nAda"`}, "", task.Forward{}, "tiger77", []string{"Hello Robin,\nThank you very much!\nAda"}},
		"what names quote":                                {[]string{withheld + `"tiger77"`, `"body":"Hi\n\nOn Tue, 3 Feb 2026, Ada\n<ada@x.example> wrote:\ntiger77 lion"`}, "", task.Forward{}, "lion", []string{"Hi"}},
		"what headers quote":                              {[]string{withheld + `"tiger77"`, `"body":"Hi\n\nVon: Ada\nGesendet: Dienstag\nBetreff: x\n\nlion"`}, "", task.Forward{}, "lion", []string{"Hi"}},
		"quotes of innocents stay":                        {[]string{`"body":"secret word","redactions":[{"text":"secret word"}]`, `"body":"Hi\n> lion and secret word"`}, "", task.Forward{}, "secretword", []string{"> lion and █████"}},
		"quotes dropped by wish":                          {[]string{`"body":"x"`, `"body":"Hi\n> lion"`}, "", task.Forward{Quotes: task.DropQuotes}, "lion", []string{"Hi\n> █████"}},
		"quotes in HTML, dropped by wish":                 {[]string{`"body":"x"`, `"htmlBody":"<p>Hi</p><blockquote>lion<blockquote>lion</blockquote></blockquote><p>ok</p>"`}, "", task.Forward{Quotes: task.DropQuotes}, "lion", []string{"Hi", "ok"}},
		"plus in a link":                                  {[]string{`"htmlBody":"<a href=\"https://x.example/?c=4111+1111+1111+1111\">here</a>"`}, `"redactions":[{"text":"4111 1111 1111 1111"}],`, task.Forward{}, "4111111111111111", []string{"here"}},
		"percent in text":                                 {[]string{`"body":"to ada%40mail.example now"`}, `"redactions":[{"text":"ada@mail.example"}],`, task.Forward{}, "adamailexample", []string{"to █████ now"}},
		"signs between digits":                            {[]string{`"body":"4111/1111,1111:1111 and 4111•1111=1111/1111"`}, `"redactions":[{"text":"4111 1111 1111 1111"}],`, task.Forward{}, "4111111111111111", []string{"█████ and █████"}},
		"a curly apostrophe":                              {[]string{`"body":"the dog’s name"`}, `"redactions":[{"text":"dog's name"}],`, task.Forward{}, "dogsname", []string{"the █████"}},
		"a ligature":                                      {[]string{`"body":"in the oﬃce ﬁle"`}, `"redactions":[{"text":"office file"}],`, task.Forward{}, "officefile", []string{"in the █████"}},
		"a sharp s":                                       {[]string{`"body":"in der STRASSE 12"`}, `"redactions":[{"text":"Straße 12"}],`, task.Forward{}, "strasse12", []string{"in der █████"}},
		"what is cut out brings together":                 {[]string{`"body":"abc abcdef def"`}, `"redactions":[{"text":"abcdef"}],`, task.Forward{}, "abcdef", nil},
		"cut out again and again":                         {[]string{`"body":"` + strings.Repeat("abc", 20) + strings.Repeat("def", 20) + `"`}, `"redactions":[{"text":"abcdef"}],`, task.Forward{}, "abcdef", []string{"This message is left out: it may hold redacted text."}},
		"encoded too often":                               {[]string{`"body":"%` + strings.Repeat("25", 30) + `41"`}, `"redactions":[{"text":"abcdef"}],`, task.Forward{}, "abcdef", []string{"This message is left out: it may hold redacted text."}},
		"encoded too often, in a subject":                 {[]string{`"body":"CANARY","subject":"%` + strings.Repeat("25", 30) + `41"`}, `"redactions":[{"text":"abcdef"}],`, task.Forward{}, "canary", []string{"This message is left out: it may hold redacted text."}},
		"encoded too often, in a name":                    {[]string{`"body":"said"`}, `"name":"CANARY %` + strings.Repeat("25", 30) + `41","redactions":[{"text":"abcdef"}],`, task.Forward{}, "canary", []string{"said"}},
		"in an introduction":                              {[]string{`"body":"said"`}, `"redactions":[{"text":"secret word"}],`, task.Forward{Introduction: "The *secret* word: {{conversation.id}}", Subject: "secret word"}, "secretword", []string{"The "}},
		"the word of a label":                             {[]string{`"body":"an email","channel":"email"`}, `"redactions":[{"text":"email"}],`, task.Forward{}, "anemail", []string{"an █████"}},
		"beside a word, in HTML":                          {[]string{`"htmlBody":"<p>x123</p><p>123</p><i>4</i>"`}, `"redactions":[{"text":"123"}],`, task.Forward{}, "3123", nil},
		"half a second later, merged":                     {[]string{`"id":"m1","sentAt":"2026-02-03T08:01:00.500Z",` + withheld + `"My password is tiger-4711-lily ok"`}, `"mergedConversations":[{"messages":[{"id":"m1","direction":"in","sentAt":"2026-02-03T08:01:00Z","body":"My password is tiger-4711-lily ok"}]}],`, task.Forward{}, "tiger4711lily", nil},
		"half a second later, merged, and without an id":  {[]string{`"sentAt":"2026-02-03T08:01:00.500Z",` + withheld + `"My password is tiger-4711-lily ok"`}, `"mergedConversations":[{"messages":[{"direction":"in","sentAt":"2026-02-03T08:01:00Z","body":"My password is tiger-4711-lily ok"}]}],`, task.Forward{}, "tiger4711lily", nil},
		"a copy of a note":                                {[]string{`"body":"said"`, `"id":"m1","private":true,"body":"CANARY"`, `"id":"m1","body":"CANARY, too"`}, "", task.Forward{}, "canary", []string{"said"}},
		"a line of a piece":                               {[]string{`"body":"a\nuser ada\nsecret tiger\nb","redactions":[{"start":2,"end":23}]`, `"body":"> secret tiger"`}, "", task.Forward{}, "secrettiger", nil},
		"a number of a piece":                             {[]string{`"body":"x","redactions":[{"text":"card 4111 1111 1111 1111"}]`, `"body":"4111-1111-1111-1111"`}, "", task.Forward{}, "4111111111111111", nil},
		"two letters, in a message and its distinct copy": {[]string{`"id":"m1","body":"we q7 it","redactions":[{"text":"q7"}]`, `"id":"m1","sentAt":"2026-02-03T08:01:00Z","body":"so q7 again"`, `"body":"a q7 there"`}, "", task.Forward{}, "soq7", []string{"we █████ it", "so █████ again", "a q7 there"}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for i, m := range c.messages {
				if i > 0 {
					b.WriteString(",")
				}
				fmt.Fprintf(&b, `{"direction":"in",%s}`, m)
			}
			talk := []byte(`{"id":"c","customer":{"name":"Ada Lovelace"},` + c.more + `"messages":[` + b.String() + `]}`)
			made, err := makeOne(t, newForwarder(t), c.forward, talk)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := email.Compose(made.Message, time.Unix(0, 0).UTC())
			if err != nil {
				t.Fatal(err)
			}
			shown, err := json.Marshal(made)
			if err != nil {
				t.Fatal(err)
			}
			texts := append(partsOf(t, raw), string(shown))
			if letters(c.secret) != c.secret { // one that is searched as it is
				for _, text := range texts {
					if strings.Contains(text, c.secret) {
						t.Errorf("%q is in %s", c.secret, text)
					}
				}
			} else if found := leaks(c.secret, texts); len(found) > 0 {
				t.Errorf("%q can be read: %s", c.secret, around(found[0], c.secret))
			}
			for _, want := range c.has {
				if !strings.Contains(made.Message.Text, want) {
					t.Errorf("%q is not in %s", want, made.Message.Text)
				}
			}
		})
	}
}

// What templates put together out of pieces, in any way that the last look can't prove clean, is not sent.
func TestUnprovenMailIsNotSent(t *testing.T) {
	_, err := makeOne(t, newForwarder(t), task.Forward{Introduction: "%" + strings.Repeat("25", 30) + "41"}, []byte(`{"redactions":[{"text":"abcdef"}],"messages":[{"direction":"in","body":"x"}]}`))
	if err == nil || codeOf(err) != CodeUnproven {
		t.Errorf("%v", err)
	}
}

func codeOf(err error) string {
	var v *compose.Verdict
	if errors.As(err, &v) {
		return v.Code
	}
	return ""
}
