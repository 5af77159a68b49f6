package mailtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/message"
)

// asked runs a program that answers every line with a line.
func asked[A, Q any](t *testing.T, questions []Q, program string, arguments ...string) []A {
	t.Helper()
	var in bytes.Buffer
	for _, q := range questions {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, arguments...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v (make deps installs it)\n%s", program, arguments, err, stderr.String())
	}
	var answers []A
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var a A
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%s answered %d of %d", program, len(answers), len(questions))
	}
	return answers
}

// few are some mails of each layout; all with -mailtest.all.
func few(mails []Mail) []Mail {
	if *all {
		return mails
	}
	var out []Mail
	for i, m := range mails {
		if i%7 == 0 {
			out = append(out, m)
		}
	}
	return out
}

// HTML is valid: html-validate has no errors.
func TestPagesAreValid(t *testing.T) {
	t.Parallel()
	mails := few(Mails(t))
	pages := make([]string, len(mails))
	for i, m := range mails {
		pages[i] = m.Message.HTML
	}
	for i, faults := range asked[[]string](t, pages, "node", "testdata/readers/validate.mjs") {
		if len(faults) > 0 {
			t.Errorf("%s: %q", mails[i].Name(), faults[:min(len(faults), 8)])
		}
	}
}

// withFiles adds mails with attachments and pictures, and those of a bulk.
func withFiles(mails []Mail) []Mail {
	var out []Mail
	for i, m := range mails {
		out = append(out, m)
		if i%4 != 0 {
			continue
		}
		more := *m.Message
		more.ID += ".files"
		more.Attachments = []message.Attachment{
			{Name: "Rechnung März.pdf", Type: "application/pdf", Data: []byte("%PDF-1.4\n\x00\xff\r\n.\r\n")},
			{Name: "領収書 " + strings.Repeat("長", 40) + ".txt", Type: "text/plain", Data: []byte("From here\n.\n\xe9")},
		}
		more.Headers = []message.Header{{Name: "List-Id", Value: "News <news.fernhill.example>"}, {Name: "X-Campaign", Value: "März ✓"}}
		out = append(out, Mail{Layout: m.Layout, Context: m.Context + "-files", Locale: m.Locale, Message: &more})
	}
	return out
}

// read is what a reader sees of a mail.
type read struct {
	Subject string     `json:"subject"`
	From    []string   `json:"from"`
	To      []string   `json:"to"`
	Text    string     `json:"text"`
	HTML    string     `json:"html"`
	Files   []readFile `json:"files"`
}

type readFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

func wanted(m *message.Message) read {
	lines := func(s string) string { return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n") }
	r := read{Subject: m.Subject, From: []string{m.From.Name + "|" + m.From.Addr}, Text: lines(m.Text), HTML: lines(m.HTML), Files: []readFile{}}
	for _, a := range m.To {
		r.To = append(r.To, a.Name+"|"+a.Addr)
	}
	for _, a := range m.Attachments {
		r.Files = append(r.Files, readFile{a.Name, a.Type, a.Data})
	}
	return r
}

const python = `
import sys, json, base64, email, email.policy
box = lambda v: [a.display_name + "|" + a.addr_spec for a in v.addresses]
for line in sys.stdin:
    m = email.message_from_bytes(base64.b64decode(json.loads(line)["raw"]), policy=email.policy.default)
    d = {"subject": str(m["subject"]), "from": box(m["from"]), "to": box(m["to"]), "text": "", "html": "", "files": [], "defects": []}
    for p in m.walk():
        d["defects"] += [type(x).__name__ for x in p.defects]
        if p.is_multipart():
            continue
        if p.get_filename() is None:
            d["html" if p.get_content_subtype() == "html" else "text"] = p.get_content().replace("\r\n", "\n").rstrip("\n")
        else:
            d["files"].append({"name": p.get_filename(), "type": p.get_content_type(), "data": base64.b64encode(p.get_payload(decode=True)).decode()})
    print(json.dumps(d))
`

type question struct {
	Raw     []byte            `json:"raw"`
	Records map[string]string `json:"records,omitempty"`
}

// Three readers see the same parts, which are those of the message.
func TestReadersSeeTheSame(t *testing.T) {
	t.Parallel()
	mails := withFiles(few(Mails(t)))
	questions := make([]question, len(mails))
	for i, m := range mails {
		raw, err := email.Compose(m.Message, at)
		if err != nil {
			t.Fatal(err)
		}
		questions[i].Raw = raw
	}
	byNode := asked[struct{ PostalMime, Mailparser read }](t, questions, "node", "testdata/readers/read.mjs")
	byPython := asked[struct {
		read
		Defects []string
	}](t, questions, "python3", "-c", python)
	for i, m := range mails {
		want := wanted(m.Message)
		for reader, got := range map[string]read{"postal-mime": byNode[i].PostalMime, "mailparser": byNode[i].Mailparser, "python": byPython[i].read} {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s sees %s", m.Name(), reader, difference(got, want))
			}
		}
		if len(byPython[i].Defects) > 0 {
			t.Errorf("%s: defects %v", m.Name(), byPython[i].Defects)
		}
	}
}

// difference is the first field that differs.
func difference(got, want read) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			return fmt.Sprintf("%s %.300q\nwant %.300q", g.Type().Field(i).Name, a, b)
		}
	}
	return ""
}

// A field that is put before a signed mail a second time breaks both signatures.
func TestSignaturesByMailauth(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	folder, records := fstest.MapFS{}, map[string]string{}
	for kind, key := range map[string]crypto.Signer{"ed25519": ed, "rsa": rsaKey} {
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		folder["fernhill.example/"+kind+".pem"] = &fstest.MapFile{Data: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := key.Public().(ed25519.PublicKey); ok {
			public = e
		}
		records[kind+"._domainkey.fernhill.example"] = "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public)
	}
	ring, err := email.ReadKeyring(folder)
	if err != nil {
		t.Fatal(err)
	}
	server, err := catcher.Start(catcher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	sender, err := email.New(email.Options{URL: server.URL() + "&keeps=date,message-id", DKIM: ring})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()

	var questions []question
	var wants, names []string
	ask := func(name, want string, raw []byte) {
		questions, wants, names = append(questions, question{raw, records}), append(wants, want), append(names, name)
	}
	for _, m := range withFiles(few(Mails(t))) {
		if _, err := sender.Send(context.Background(), m.Message); err != nil {
			t.Fatal(err)
		}
		caught := server.Messages()
		raw := caught[len(caught)-1].Raw
		ask(m.Name(), "pass", raw)
		for _, field := range []string{
			"From: evil@example.net", "Subject: pay here", "Date: Mon, 02 Jan 2006 15:04:05 +0000", "To: other@example.com", "Content-Type: text/html", "MIME-Version: 1.0",
		} {
			ask(m.Name()+" and "+field, "fail", append([]byte(field+"\r\n"), raw...))
		}
	}
	for i, a := range asked[struct{ Signatures []string }](t, questions, "node", "testdata/readers/read.mjs") {
		got := slices.Sorted(slices.Values(a.Signatures))
		if !slices.Equal(got, []string{wants[i], wants[i]}) {
			t.Errorf("%s: mailauth says %q, want %s twice", names[i], got, wants[i])
		}
	}
	byMailDKIM(t, questions, wants, names)
}

// byMailDKIM asks Perl's Mail::DKIM of the RSA signatures.
func byMailDKIM(t *testing.T, questions []question, wants, names []string) {
	t.Helper()
	folder := t.TempDir()
	var records strings.Builder
	for name, record := range questions[0].Records {
		fmt.Fprintf(&records, "%s\t%s\n", name, record)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("records", []byte(records.String()))
	for i, q := range questions {
		write(fmt.Sprintf("%04d.eml", i), q.Raw)
	}
	out, err := exec.Command("perl", "../channel/email/testdata/dkim.pl", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("perl with Mail::DKIM (make deps installs it): %v\n%s", err, out)
	}
	told := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(told) != len(questions) {
		t.Fatalf("%d of %d mails were verified", len(told), len(questions))
	}
	for i, line := range told {
		if want := fmt.Sprintf("%04d.eml %s", i, wants[i]); line != want {
			t.Errorf("%s: Mail::DKIM says %s, want %s", names[i], line, want)
		}
	}
}

// zero reports whether the score of a status is 0.0. Rules that find nothing bad, such as that there is HTML, weigh nothing.
func zero(status string) bool {
	return strings.Contains(status, " score=0.0 ") || strings.Contains(status, " score=-0.0 ")
}

// SpamAssassin's own rules find nothing: the score of every mail is 0.
func TestSpamAssassin(t *testing.T) {
	t.Parallel()
	mails := withFiles(few(Mails(t)))
	var box bytes.Buffer
	for _, m := range mails {
		raw, err := email.Compose(m.Message, at)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&box, "From stay@fernhill.example Fri Mar  6 09:30:00 2026\n")
		box.WriteString(strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\nFrom ", "\n>From "))
		box.WriteString("\n")
	}
	file := filepath.Join(t.TempDir(), "box")
	if err := os.WriteFile(file, box.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("spamassassin", "-L", "-t", "--mbox", file)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("spamassassin: %v (make deps installs it)\n%s", err, stderr.String())
	}
	// The status stands above the mail's own Message-ID.
	n, status := 0, ""
	for line := range strings.Lines(strings.ReplaceAll(string(out), "\n\t", " ")) {
		if s, ok := strings.CutPrefix(line, "X-Spam-Status: "); ok {
			status = strings.TrimSpace(s)
		}
		if id, ok := strings.CutPrefix(line, "Message-ID: "); ok && status != "" {
			if !zero(status) {
				t.Errorf("%s: %s", strings.TrimSpace(id), status)
			}
			n++
			status = ""
		}
	}
	if n != len(mails) {
		t.Errorf("%d of %d mails were looked at", n, len(mails))
	}
}
