package api

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
)

func TestAttachment(t *testing.T) {
	s := start(t, nil)
	const raw = "Content-Type: application/octet-stream"
	pdf := []byte("%PDF-1.7\nhello")
	var file StoredFile
	s.want(201, "POST", "/v1/attachments?name="+url.QueryEscape("../invoice 1.pdf"), pdf, raw).decode(t, &file)
	if file.Blob != blob.Hash(pdf) || file.Size != len(pdf) || file.Type != "application/pdf" || strings.ContainsAny(file.Name, "/") {
		t.Fatalf("%+v", file)
	}
	stored, err := blob.New(s.redis.Client()).Blob(t.Context(), file.Blob)
	if err != nil || !bytes.Equal(stored, pdf) {
		t.Fatalf("stored %q, %v", stored, err)
	}
	s.want(202, "POST", "/v1/messages", fmt.Sprintf(`{"channel":"note","to":"c1","text":"x","attachments":[{"blob":%q,"name":"a.pdf"}]}`, file.Blob))
	s.want(201, "POST", "/v1/attachments?name=a.pdf&channel=email", pdf, raw)
	if p := s.want(422, "POST", "/v1/attachments?name=a.pdf&channel=email", "<html><script>", raw).problem(t); p.Code != "attachment_type" {
		t.Errorf("code %s", p.Code)
	}
	s.want(422, "POST", "/v1/attachments", pdf, raw).problem(t)
	full := make([]byte, message.MaxFileTotal)
	s.want(201, "POST", "/v1/attachments?name=a.bin", full, raw)
	s.want(413, "POST", "/v1/attachments?name=a.bin", append(full, 0), raw).problem(t)
	s.want(413, "POST", "/v1/attachments?name=a.bin", &onlyReader{bytes.NewReader(append(full, 0))}, raw).problem(t)
	if p := s.want(422, "POST", "/v1/attachments?name=a.mp4&channel=email", append([]byte("\x00\x00\x00\x18ftypmp42"), full[:message.MaxFile]...), raw).problem(t); p.Code != "attachment_too_large" {
		t.Errorf("code %s", p.Code)
	}
}

// Bytes that come with a message are checked at once, and are not kept in the queue.
func TestInlineAttachment(t *testing.T) {
	s := start(t, nil)
	body := func(data string) string {
		return `{"id":"m1","channel":"note","to":"c1","text":"x","attachments":[{"name":"a.txt","inline":"` + data + `"}]}`
	}
	s.want(202, "POST", "/v1/messages", body("aGVsbG8gd29ybGQ="))
	task, err := s.redis.Client().HGet(t.Context(), "asynq:{message:note}:t:message:m1", "msg").Result()
	if err != nil || strings.Contains(task, "aGVsbG8") || !strings.Contains(task, blob.Hash([]byte("hello world"))) {
		t.Fatalf("task %.500q, %v", task, err)
	}
	p := s.want(422, "POST", "/v1/messages", body("!")).problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/attachments/0/inline" || p.Errors[0].Code != fault.Malformed {
		t.Errorf("%+v", p)
	}
	p = s.want(422, "POST", "/v1/messages", strings.Replace(body("PGh0bWw+PHNjcmlwdD4="), "m1", "m2", 1)).problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/attachments/0" || p.Errors[0].Code != "attachment_type" {
		t.Errorf("%+v", p)
	}
	s.want(404, "GET", "/v1/messages/m2", nil)
}

func TestSuppressions(t *testing.T) {
	s := start(t, nil)
	const path = "/v1/suppressions"
	s.want(204, "POST", path, `{"channel":"email","entries":[{"address":"Ada@Example.com","reason":"unsubscribed","source":"support"},{"address":"*@rival.example"},{"address":"friend@rival.example","allow":true}]}`)
	list := func(query string) SuppressionPage {
		t.Helper()
		var page SuppressionPage
		s.want(200, "GET", path+query, nil).decode(t, &page)
		return page
	}
	all := list("")
	if len(all.Items) != 3 || all.Next != "" {
		t.Fatalf("%+v", all)
	}
	if got := list("?address=ada%40example.com").Items; len(got) != 1 || got[0].Reason != "unsubscribed" || got[0].At.IsZero() {
		t.Errorf("%+v", got)
	}
	if got := list("?address=friend%40rival.example").Items; len(got) != 0 {
		t.Errorf("%+v", got)
	}
	p := s.want(422, "POST", path, `{"channel":"email","entries":[{"address":"fine@example.com"},{"address":"nobody"}]}`).problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/entries/1" {
		t.Errorf("%+v", p)
	}
	if got := list("?address=fine%40example.com").Items; len(got) != 0 {
		t.Error("one of several wrong entries was added")
	}
	s.want(204, "DELETE", path+"?address=ada%40example.com", nil)
	s.want(404, "DELETE", path+"?address=ada%40example.com", nil).problem(t)
	s.want(422, "DELETE", path+"?address=nobody", nil).problem(t)
	s.want(422, "GET", path+"?cursor=99-x", nil).problem(t)
}

// Every entry is on some page.
func TestSuppressionPages(t *testing.T) {
	s := start(t, nil)
	want := map[string]bool{}
	for part := range 5 {
		entries := make([]string, 1000)
		for i := range entries {
			number := fmt.Sprintf("+1555%07d", part*1000+i)
			entries[i], want[number] = fmt.Sprintf(`{"address":%q}`, number), true
		}
		s.want(204, "POST", "/v1/suppressions", `{"channel":"sms","entries":[`+strings.Join(entries, ",")+`]}`)
	}
	pages := 0
	for cursor := ""; ; pages++ {
		var page SuppressionPage
		s.want(200, "GET", "/v1/suppressions?channel=sms&limit=500&cursor="+cursor, nil).decode(t, &page)
		for _, e := range page.Items {
			delete(want, e.Address)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(want) > 0 || pages < 2 {
		t.Fatalf("%d entries on no page, %d pages", len(want), pages)
	}
}
