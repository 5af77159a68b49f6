package api

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
)

// formPart is one part of a form: a file where it has a filename.
type formPart struct{ field, file, content string }

// formOf builds a form as curl -F and browsers do, and its Content-Type.
func formOf(t *testing.T, parts ...formPart) (body []byte, header string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q`, p.field)}}
		if p.file != "" {
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, p.field, p.file))
			h.Set("Content-Type", "application/pdf")
		}
		part, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), "Content-Type: " + w.FormDataContentType()
}

// A form is unpacked: what is stored is the file, not its envelope.
func TestAttachmentForms(t *testing.T) {
	s := start(t, nil)
	const pdf = "%PDF-1.7\n1 0 obj\n--boundary\r\n\x00\xff"
	for name, c := range map[string]struct {
		query string
		parts []formPart
		named string
	}{
		"a file":            {"", []formPart{{"file", "invoice.pdf", pdf}}, "invoice.pdf"},
		"named by the call": {"?name=bill.pdf", []formPart{{"file", "invoice.pdf", pdf}}, "bill.pdf"},
		"among fields":      {"", []formPart{{"token", "", "x"}, {"upload", "rechnung ü.pdf", pdf}, {"more", "", "y"}}, "rechnung ü.pdf"},
		"with a path":       {"", []formPart{{"file", "../../etc/invoice.pdf", pdf}}, "invoice.pdf"},
		"for a bulk":        {"?channel=email", []formPart{{"file", "invoice.pdf", pdf}}, "invoice.pdf"},
	} {
		body, header := formOf(t, c.parts...)
		var file StoredFile
		s.want(201, "POST", "/v1/attachments"+c.query, body, header).decode(t, &file)
		if file.Blob != blob.Hash([]byte(pdf)) || file.Size != len(pdf) || file.Name != c.named || file.Type != "application/pdf" {
			t.Errorf("%s: %+v", name, file)
		}
	}
	full := strings.Repeat("x", message.MaxFileTotal)
	for name, c := range map[string]struct {
		status int
		code   string
		parts  []formPart
	}{
		"no file":         {422, "no_file", []formPart{{"file", "", "x"}}},
		"nothing":         {422, "no_file", nil},
		"two files":       {422, "several_files", []formPart{{"a", "a.pdf", pdf}, {"b", "b.pdf", pdf}}},
		"the largest":     {201, "", []formPart{{"a", "a.bin", full}}},
		"too large":       {413, "body_too_large", []formPart{{"a", "a.bin", full + "x"}}},
		"too many fields": {413, "body_too_large", []formPart{{"a", "a.bin", full}, {"b", "", full}}},
	} {
		body, header := formOf(t, c.parts...)
		a := s.want(c.status, "POST", "/v1/attachments", body, header)
		if c.code != "" && a.problem(t).Code != c.code {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	body, header := formOf(t, formPart{"file", "invoice.pdf", pdf})
	for name, c := range map[string]struct {
		status int
		body   []byte
		header string
	}{
		"cut short":           {400, body[:len(body)-10], header},
		"no boundary":         {415, body, "Content-Type: multipart/form-data"},
		"another envelope":    {415, body, strings.Replace(header, "form-data", "mixed", 1)},
		"a broken media type": {415, body, "Content-Type: multipart/form-data; boundary=\""},
	} {
		if a := s.do("POST", "/v1/attachments?name=a.pdf", c.body, c.header); a.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, c.status)
		}
	}
	s.want(415, "POST", "/v1/attachments?name=a.pdf", pdf, "Content-Type: application/octet-stream", "Content-Encoding: gzip").problem(t)
	s.want(201, "POST", "/v1/attachments?name=a.pdf", pdf, "Content-Type: application/x-www-form-urlencoded") // curl --data-binary
}
