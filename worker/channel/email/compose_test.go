package email

import (
	"bytes"
	"encoding/json"
	"mime"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
)

func testComposer() *composer {
	return &composer{now: func() time.Time { return time.Unix(1795240800, 0).UTC() }, files: newFileCache(64 << 20)}
}

func rawOf(m *message.Message) []byte {
	var b []byte
	for _, s := range testComposer().compose(m).segments {
		b = append(b, s.data...)
	}
	return b
}

// checkWire asserts what must hold for every mail on the wire.
func checkWire(t *testing.T, raw []byte, ascii bool) {
	t.Helper()
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		t.Error("doesn't end in CRLF")
	}
	for i, line := range bytes.SplitAfter(raw, []byte("\r\n")) {
		text := bytes.TrimSuffix(line, []byte("\r\n"))
		if len(text) > 998 || bytes.ContainsAny(text, "\r\n\x00") {
			t.Errorf("line %d: %d bytes, %.80q", i+1, len(text), text)
		}
		if ascii && bytes.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) >= 0 {
			t.Errorf("line %d is not ASCII: %.80q", i+1, text)
		}
	}
}

func messages(t *testing.T) map[string]*message.Message {
	t.Helper()
	long := strings.Repeat("word ", 400)
	all := map[string]*message.Message{}
	add := func(name string, change func(*message.Message)) {
		m := sample()
		change(m)
		all[name] = m
	}
	pdf := message.Attachment{Name: "report.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte("%PDF-1.7 \x00\xff"), 5000)}
	logo := message.Attachment{Name: "logo.png", Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n"), Inline: true, ContentID: "logo@herald"}
	add("text and HTML", func(*message.Message) {})
	add("text", func(m *message.Message) { m.HTML = "" })
	add("HTML", func(m *message.Message) { m.Text = "" })
	add("file", func(m *message.Message) { m.Attachments = []message.Attachment{pdf} })
	add("text and file", func(m *message.Message) { m.HTML, m.Attachments = "", []message.Attachment{pdf} })
	add("image", func(m *message.Message) { m.Attachments = []message.Attachment{logo} })
	add("image and HTML alone", func(m *message.Message) { m.Text, m.Attachments = "", []message.Attachment{logo} })
	add("image and files", func(m *message.Message) {
		m.Attachments = []message.Attachment{logo, pdf, {Name: "b.txt", Type: "text/plain", Data: []byte("From here\r\n.\r\n\x1b")}}
	})
	add("empty file", func(m *message.Message) {
		m.Attachments = []message.Attachment{{Name: "e.txt", Type: "text/plain", Data: []byte{}}}
	})
	add("German", func(m *message.Message) {
		m.From.Name, m.To[0].Name = "Jürgen Müller", "Größe, Ähre & Söhne"
		m.Subject, m.Text, m.HTML = "Grüße – Ihr Auftrag Nr. 7 ist unterwegs und kommt übermorgen schon an, wenn alles gut geht", "Schöne Grüße\n\n  – Jürgen  \n", "<p>Schöne Grüße</p>"
	})
	add("Japanese", func(m *message.Message) {
		m.From.Name, m.To[0].Name = "株式会社ヘラルド", "山田 太郎"
		m.Subject, m.Text, m.HTML = strings.Repeat("ご予約のお知らせ", 12), strings.Repeat("ご予約ありがとうございます。\n", 40), "<p>"+strings.Repeat("ご予約", 500)+"</p>"
	})
	add("emoji", func(m *message.Message) {
		m.Subject, m.Text = "🎉"+strings.Repeat("👩‍👩‍👧‍👦", 20), "🎉"
	})
	add("names that need quotes", func(m *message.Message) {
		m.From.Name, m.To[0].Name = `Lovelace, "Ada" \ (Countess)`, "a@b.c <x>"
	})
	add("encoded word as text", func(m *message.Message) { m.Subject = "=?utf-8?q?=41?= and more" })
	add("empty subject", func(m *message.Message) { m.Subject = "" })
	add("blanks", func(m *message.Message) { m.Subject = "  two  blanks " })
	add("tab in subject-like words", func(m *message.Message) { m.Subject = "a = b _ c ? d" })
	add("long subject", func(m *message.Message) { m.Subject = long[:990] + "end" })
	add("long word in subject", func(m *message.Message) { m.Subject = strings.Repeat("x", 998) })
	add("long lines", func(m *message.Message) {
		m.Text, m.HTML = strings.Repeat("x", 5000), "<p>"+strings.Repeat("y", 998)+"</p>"
	})
	add("lines of 998", func(m *message.Message) { m.Text = strings.Repeat("x", 998) + "\n" + strings.Repeat("y", 998) })
	add("dots", func(m *message.Message) { m.Text = ".\n..\n.x\nend\n." })
	add("a boundary in the text", func(m *message.Message) {
		m.Text = "--" + boundaryMark + "a" + boundaryBase(m.ID) + "--\nstill text\n"
		m.HTML = strings.ReplaceAll(m.Text, "=", "&#61;") + "ü--" + boundaryMark
	})
	add("blank line ends", func(m *message.Message) { m.Text = "a \nb\t\nü \n \n" })
	add("control characters", func(m *message.Message) { m.Text = "a\x0bb\x1b[31m\x7f" })
	add("mixed line ends", func(m *message.Message) { m.Text = "a\rb\nc\r\nd\r\re\n\rf" })
	add("many recipients", func(m *message.Message) {
		m.ReplyTo = &message.Address{Name: "Support ☎", Addr: "help@example.com"}
		for range 40 {
			m.To = append(m.To, message.Address{Name: "Bob", Addr: "bob@example.org"})
			m.Cc = append(m.Cc, message.Address{Addr: "cc@example.org"})
			m.Bcc = append(m.Bcc, message.Address{Addr: "secret@example.org"})
		}
		m.Bcc = m.Bcc[:19]
	})
	add("percent and semicolon in a name", func(m *message.Message) {
		m.Attachments = []message.Attachment{{Name: `100% ;'"\ =?x?=.txt`, Type: "text/plain", Data: []byte("x")}}
	})
	add("ID of 200", func(m *message.Message) { m.ID = strings.Repeat("a", 200) })
	add("custom headers", func(m *message.Message) {
		m.Headers = []message.Header{{Name: "X-Campaign", Value: "Frühling 2026"}, {Name: "X-Long", Value: long[:898] + "x"}, {Name: "List-Id", Value: "<news.example.com>"}}
		m.Unsubscribe, m.Automatic = "https://example.com/u?id="+strings.Repeat("u", 800), true
	})
	raw, err := os.ReadFile("testdata/filenames.json")
	if err != nil {
		t.Fatal(err)
	}
	var names map[string]string
	if err := json.Unmarshal(raw, &names); err != nil {
		t.Fatal(err)
	}
	for name := range names {
		clean := attach.CleanName(name, 1)
		add("file named "+name, func(m *message.Message) {
			m.Attachments = []message.Attachment{{Name: clean, Type: "text/plain", Data: []byte("x")}}
		})
	}
	smuggle, err := filepath.Glob("testdata/smuggle/*.txt")
	if err != nil || len(smuggle) < 6 {
		t.Fatalf("%d smuggling bodies, %v", len(smuggle), err)
	}
	for _, path := range smuggle {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		add("smuggle "+filepath.Base(path), func(m *message.Message) { m.Text, m.HTML = string(body), "" })
		add("smuggle ü "+filepath.Base(path), func(m *message.Message) { m.Text, m.HTML = "ü"+string(body), "" })
	}
	return all
}

func TestComposeAgainstParsers(t *testing.T) {
	all := messages(t)
	var names []string
	var raws [][]byte
	for name, m := range all {
		if err := m.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		names, raws = append(names, name), append(raws, rawOf(m))
	}
	python := byPython(t, raws)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			checkWire(t, raws[i], true)
			want := want(all[name])
			compare(t, "enmime", byEnmime(t, raws[i]), want)
			if python != nil {
				compare(t, "python", python[i], want)
			}
			if bytes.Contains(raws[i], []byte("secret@example.org")) {
				t.Error("Bcc is in the mail")
			}
		})
	}
}

func compare(t *testing.T, who string, got, want decoded) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		g, w := reflect.ValueOf(got), reflect.ValueOf(want)
		for i := range g.NumField() {
			if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
				t.Errorf("%s reads %s as\n%.300q, want\n%.300q", who, g.Type().Field(i).Name, a, b)
			}
		}
	}
}

// go-mail differs from us where it is wrong or coarse: blanks at line ends, quotes in names. The cases here are those
// that both must compose to the same content.
func TestComposeAgainstGoMail(t *testing.T) {
	all := messages(t)
	for _, name := range []string{"text and HTML", "text", "HTML", "file", "text and file", "image", "image and HTML alone", "image and files", "German", "Japanese", "emoji", "long lines"} {
		t.Run(name, func(t *testing.T) {
			m := all[name]
			compare(t, "enmime", byEnmime(t, rawOf(m)), byEnmime(t, byGoMail(t, m)))
		})
	}
}

func TestComposeIsDeterministic(t *testing.T) {
	for name, m := range messages(t) {
		if !bytes.Equal(rawOf(m), rawOf(m)) {
			t.Errorf("%s: two tries differ", name)
		}
	}
}

func TestComposeIsWhatSendWrites(t *testing.T) {
	for name, m := range messages(t) {
		raw, err := Compose(m, testComposer().now())
		if err != nil || !bytes.Equal(raw, rawOf(m)) {
			t.Errorf("%s: differs, %v", name, err)
		}
	}
	if _, err := Compose(&message.Message{}, time.Now()); err == nil {
		t.Error("an invalid message is composed")
	}
}

func TestComposeHeaders(t *testing.T) {
	m := messages(t)["custom headers"]
	env, err := enmime.ReadEnvelope(bytes.NewReader(rawOf(m)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"List-Unsubscribe": "<" + m.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated",
		"X-Campaign": "Frühling 2026", "X-Long": m.Headers[1].Value, "List-Id": "<news.example.com>", "Bcc": "",
	} {
		if got := env.GetHeader(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	bcc := sample()
	bcc.To, bcc.Bcc = nil, bcc.To
	if env, err := enmime.ReadEnvelope(bytes.NewReader(rawOf(bcc))); err != nil || env.GetHeader("To") != "undisclosed-recipients:;" {
		t.Errorf("Bcc alone: %v %v", env, err)
	}
}

// The structure, as readers rely on it: mixed, related, alternative, from the outside in.
func TestComposeStructure(t *testing.T) {
	all := messages(t)
	for name, want := range map[string]string{
		"text":                 "text/plain",
		"HTML":                 "text/html",
		"text and HTML":        "multipart/alternative(text/plain text/html)",
		"text and file":        "multipart/mixed(text/plain application/pdf)",
		"image":                "multipart/related(multipart/alternative(text/plain text/html) image/png)",
		"image and HTML alone": "multipart/related(text/html image/png)",
		"image and files":      "multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) image/png) application/pdf text/plain)",
	} {
		env, err := enmime.ReadEnvelope(bytes.NewReader(rawOf(all[name])))
		if err != nil {
			t.Fatal(err)
		}
		if got := structure(env.Root); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if related := env.Root.BreadthMatchFirst(func(p *enmime.Part) bool { return p.ContentType == "multipart/related" }); related != nil {
			_, params, err := mime.ParseMediaType(related.Header.Get("Content-Type"))
			if err != nil || params["type"] != related.FirstChild.ContentType {
				t.Errorf("%s: related says type %q, %v", name, params["type"], err)
			}
		}
	}
}

func structure(p *enmime.Part) string {
	if p.FirstChild == nil {
		return p.ContentType
	}
	var parts []string
	for c := p.FirstChild; c != nil; c = c.NextSibling {
		parts = append(parts, structure(c))
	}
	return p.ContentType + "(" + strings.Join(parts, " ") + ")"
}

func TestComposeUTF8Address(t *testing.T) {
	m := sample()
	m.To = []message.Address{{Name: "Jürgen", Addr: "jürgen@example.org"}}
	mail := testComposer().compose(m)
	if !mail.utf8 {
		t.Error("doesn't ask for SMTPUTF8")
	}
	checkWire(t, rawOf(m), false)
	if got := byEnmime(t, rawOf(m)); got.To[0] != "Jürgen|jürgen@example.org" {
		t.Errorf("%q", got.To)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Grüße", "Ada", "a\r.\n..\r\n", "<p>ü</p>", "ü.pdf")
	f.Add(strings.Repeat("=?", 99), `"\`, "--=_a\r\n", "\r", `";`)
	f.Fuzz(func(t *testing.T, subject, name, text, html, fileName string) {
		m := sample()
		m.Subject, m.To[0].Name, m.Text, m.HTML = subject, name, text, html
		m.Attachments = []message.Attachment{{Name: fileName, Type: "text/plain", Data: []byte(text)}}
		if m.Validate() != nil {
			t.Skip()
		}
		raw := rawOf(m)
		checkWire(t, raw, true)
		if strings.ContainsAny(text+html, "\x0b\x0c\x1c\x1d\x1e\u0085\u00a0\u2028\u2029\ufeff") {
			t.Skip() // where parsers differ on what a line or a blank is
		}
		got, want := byEnmime(t, raw), want(m)
		if got.Text != want.Text || got.HTML != want.HTML || !bytes.Equal(got.Files[0].Data, m.Attachments[0].Data) {
			t.Fatalf("got %q %q, want %q %q", got.Text, got.HTML, want.Text, want.HTML)
		}
	})
}
