package email

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"
	gomail "github.com/wneessen/go-mail"

	"github.com/heraldsend/herald/worker/message"
)

// The oracles: enmime and Python's email read what we compose, go-mail composes the same.

// decoded is what a reader sees of a mail, the same shape from every parser.
type decoded struct {
	Subject string   `json:"subject"`
	From    []string `json:"from"` // "Name|addr"
	To      []string `json:"to"`
	Cc      []string `json:"cc"`
	ReplyTo []string `json:"replyTo"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Files   []file   `json:"files"`
}

type file struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	CID    string `json:"cid"`
	Inline bool   `json:"inline"`
	Data   []byte `json:"data"`
}

// want is what a reader must see of m.
func want(m *message.Message) decoded {
	d := decoded{Subject: m.Subject, Text: newlines(m.Text), HTML: newlines(m.HTML)}
	for _, list := range []struct {
		to   *[]string
		from []message.Address
	}{{&d.From, []message.Address{m.From}}, {&d.To, m.To}, {&d.Cc, m.Cc}} {
		for _, a := range list.from {
			*list.to = append(*list.to, a.Name+"|"+a.Addr)
		}
	}
	if m.ReplyTo != nil {
		d.ReplyTo = []string{m.ReplyTo.Name + "|" + m.ReplyTo.Addr}
	}
	for _, a := range m.Attachments {
		f := file{a.Name, a.Type, a.ContentID, a.Inline && m.HTML != "", a.Data}
		if a.Inline { // images stand before files
			d.Files = append([]file{f}, d.Files...)
		} else {
			d.Files = append(d.Files, f)
		}
	}
	return d
}

// newlines makes every line break "\n" and drops those at the end: a mail body's last line break is not content.
func newlines(s string) string {
	return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n")
}

// byEnmime is our first oracle.
func byEnmime(t testing.TB, raw []byte) decoded {
	t.Helper()
	env, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("enmime: %v\n%s", err, raw)
	}
	hasText := env.Root.BreadthMatchFirst(func(p *enmime.Part) bool {
		return p.ContentType == "text/plain" && p.FileName == "" && newlines(string(p.Content)) != ""
	}) != nil
	for _, e := range env.Errors {
		if hasText || e.Name != enmime.ErrorPlainTextFromHTML {
			t.Errorf("enmime: %v", e)
		}
	}
	d := decoded{Subject: env.GetHeader("Subject"), Text: newlines(env.Text), HTML: newlines(env.HTML)}
	for name, to := range map[string]*[]string{"From": &d.From, "To": &d.To, "Cc": &d.Cc, "Reply-To": &d.ReplyTo} {
		if env.GetHeader(name) == "" {
			continue
		}
		list, err := env.AddressList(name)
		if err != nil {
			t.Errorf("enmime: %s: %v", name, err)
		}
		for _, a := range list {
			*to = append(*to, a.Name+"|"+a.Address)
		}
	}
	for _, list := range [][]*enmime.Part{env.Inlines, env.OtherParts, env.Attachments} {
		for _, p := range list {
			d.Files = append(d.Files, file{p.FileName, p.ContentType, p.ContentID, p.Disposition == "inline", append([]byte{}, p.Content...)})
		}
	}
	if !hasText { // enmime makes one of its own out of the HTML
		d.Text = ""
	}
	return d
}

const pythonReader = `
import sys, json, base64, email, email.policy
def names(v):
    return [a.display_name + "|" + a.addr_spec for a in v.addresses] if v else None
for line in sys.stdin:
    m = email.message_from_bytes(base64.b64decode(json.loads(line)), policy=email.policy.default)
    d = {"subject": str(m["subject"]), "from": names(m["from"]), "to": names(m["to"]), "cc": names(m["cc"]),
         "replyTo": names(m["reply-to"]), "text": "", "html": "", "files": None, "defects": []}
    for p in m.walk():
        d["defects"] += [type(x).__name__ for x in p.defects]
        if p.is_multipart():
            continue
        if p.get_filename() is None:
            d["html" if p.get_content_subtype() == "html" else "text"] = p.get_content().replace("\r\n", "\n").rstrip("\n")
            continue
        d["files"] = (d["files"] or []) + [{"name": p.get_filename(), "type": p.get_content_type(),
            "cid": (p["content-id"] or "").strip("<>"), "inline": p.get_content_disposition() == "inline",
            "data": base64.b64encode(p.get_payload(decode=True)).decode()}]
    print(json.dumps(d))
`

// byPython is our second oracle, where Python is there.
func byPython(t *testing.T, raws [][]byte) []decoded {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil
	}
	var in bytes.Buffer
	for _, raw := range raws {
		if err := json.NewEncoder(&in).Encode(raw); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "-c", pythonReader)
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, stderr.String())
	}
	var list []decoded
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var d struct {
			decoded
			Defects []string
		}
		if err := dec.Decode(&d); err != nil {
			t.Fatal(err)
		}
		if len(d.Defects) > 0 {
			t.Errorf("python: mail %d has defects %v", len(list), d.Defects)
		}
		list = append(list, d.decoded)
	}
	if len(list) != len(raws) {
		t.Fatalf("python read %d of %d mails", len(list), len(raws))
	}
	return list
}

// byGoMail composes m with go-mail, for comparison.
func byGoMail(t *testing.T, m *message.Message) []byte {
	t.Helper()
	g := gomail.NewMsg()
	set := func(err error) {
		if err != nil {
			t.Fatalf("go-mail: %v", err)
		}
	}
	set(g.FromFormat(m.From.Name, m.From.Addr))
	for _, a := range m.To {
		set(g.AddToFormat(a.Name, a.Addr))
	}
	for _, a := range m.Cc {
		set(g.AddCcFormat(a.Name, a.Addr))
	}
	if m.ReplyTo != nil {
		set(g.ReplyToFormat(m.ReplyTo.Name, m.ReplyTo.Addr))
	}
	g.Subject(m.Subject)
	switch {
	case m.Text == "":
		g.SetBodyString(gomail.TypeTextHTML, m.HTML)
	case m.HTML == "":
		g.SetBodyString(gomail.TypeTextPlain, m.Text)
	default:
		g.SetBodyString(gomail.TypeTextPlain, m.Text)
		g.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		options := []gomail.FileOption{gomail.WithFileContentType(gomail.ContentType(a.Type))}
		if a.Inline {
			set(g.EmbedReader(a.Name, bytes.NewReader(a.Data), append(options, gomail.WithFileContentID(a.ContentID))...))
		} else {
			set(g.AttachReader(a.Name, bytes.NewReader(a.Data), options...))
		}
	}
	var buf bytes.Buffer
	if _, err := g.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
