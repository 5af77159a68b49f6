package page_test

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// TestPerson: what somebody got is found by their address, which no server's log gets to see.
func TestPerson(t *testing.T) {
	url := serve(t, nil)
	for _, body := range []string{
		`{"id":"first","channel":"email","from":"a@example.com","to":"Ada@Example.com","subject":"One","text":"Hello"}`,
		`{"id":"second","channel":"email","from":"a@example.com","to":"ada@example.com","subject":"Two","text":"Hello"}`,
		`{"id":"other","channel":"sms","to":"+15550142","text":"Hello"}`,
	} {
		send(t, http.MethodPost, url+"/v1/messages", "application/json", body)
	}
	p := browsertest.Open(t, url+"/ui/operations")
	p.Await(`!document.querySelector("#desk.loading")`)
	p.Click(`a[href="/ui/person"]`)
	p.Await(`document.activeElement?.id === "person"`)
	p.Press("ada@example.com" + browsertest.Enter)
	p.Await(`document.querySelectorAll(".got").length === 2 && document.querySelector("#state").innerText === "2 messages, the newest first."`)
	if first := p.Text(".got"); !strings.Contains(first, "second") || !strings.Contains(first, "Enqueued") {
		t.Errorf("the first is %q", first)
	}
	browsertest.CheckAccess(p, "a person's messages")
	if p.Requests("/ui/person?") > 0 || browsertest.Eval[string](p, `location.search`) != "" {
		t.Error("the address is in the page's own")
	}
	p.Write("#person", "nobody@example.com"+browsertest.Enter)
	p.Await(`document.querySelectorAll(".got").length === 0 && document.querySelector("#state").innerText.startsWith("Nothing was sent")`)
	p.Write("#person", "+15550142"+browsertest.Enter)
	p.Await(`document.querySelectorAll(".got").length === 1 && document.querySelector(".got").innerText.includes("SMS")`)
	for _, width := range []int64{1360, 1024, 390, 320} {
		p.Look(width, 800, width == 390)
		if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			t.Errorf("at %d it is %d pixels too wide", width, wide)
		}
	}
	t.Run("mails are read", func(t *testing.T) { readMails(t, p.In(t)) })
	check(t, p)
}

// readMails reads mails in every encoding that they come in.
func readMails(t *testing.T, p *browsertest.Page) {
	const text, html = "Grüße, 日本 = ünï\r\nzweite Zeile", "<p>Grüße = <b>日本</b> 😀</p>"
	quoted := func(s string) string {
		var b strings.Builder
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.String()
	}
	packed := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\r\n" }
	plain := func(s string) string { return s }
	for name, encode := range map[string]func(string) string{"quoted-printable": quoted, "base64": packed, "8bit": plain} {
		part := func(kind, body string) string {
			return "Content-Type: " + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: " + name + "\r\n\r\n" + encode(body) + "\r\n"
		}
		alternatives := "Content-Type: multipart/alternative;\r\n boundary=\"in=ner\"\r\n\r\n--in=ner\r\n" + part("text/plain", text) + "--in=ner\r\n" + part("text/html", html) + "--in=ner--\r\n"
		mail := "From: Fernhill <a@example.com>\r\nSubject: " + mime.QEncoding.Encode("utf-8", "Grüße aus "+strings.Repeat("Fernhill ", 9)) + "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n" +
			"--outer\r\n" + alternatives + "--outer\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--outer--\r\n"
		quotedMail, err := json.Marshal(mail)
		if err != nil {
			t.Fatal(err)
		}
		type read struct {
			Subject, HTML, Text string
			Files               []string
		}
		got := browsertest.Eval[read](p, `import("/ui/mime.js").then(({ readMail }) => { const m = readMail(new TextEncoder().encode(`+string(quotedMail)+`)); return { Subject: m.subject, HTML: m.html, Text: m.text, Files: m.files } })`)
		if strings.TrimSpace(got.HTML) != html || strings.TrimSpace(strings.ReplaceAll(got.Text, "\r\n", "\n")) != strings.ReplaceAll(text, "\r\n", "\n") || strings.TrimSpace(got.Subject) != strings.TrimSpace("Grüße aus "+strings.Repeat("Fernhill ", 9)) || len(got.Files) != 1 || got.Files[0] != "a.pdf" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
