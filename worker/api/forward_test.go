package api

import (
	"context"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/store/dead"
)

const aForward = `{"from":"Robin <robin@desk.example>","to":"a@example.com, b@example.com","introduction":"As discussed.","conversation":{"id":"c1","name":"Order","messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Where is it?","attachments":[{"id":"f1","name":"a.txt","inline":"aGVsbG8="}]}]},"attachments":["f1"]}`

func TestForward(t *testing.T) {
	s := start(t, nil)
	var accepted Accepted
	s.want(202, "POST", "/v1/forwards", aForward, "Idempotency-Key: k").decode(t, &accepted)
	var again Accepted
	s.want(202, "POST", "/v1/forwards", aForward, "Idempotency-Key: k").decode(t, &again)
	if accepted.ID == "" || again.ID != accepted.ID {
		t.Errorf("%q, then %q", accepted.ID, again.ID)
	}
	s.want(409, "POST", "/v1/forwards", strings.Replace(aForward, "As discussed", "Else", 1), "Idempotency-Key: k").problem(t)
	s.want(200, "GET", "/v1/messages/"+accepted.ID, nil)
	for name, c := range map[string]struct{ from, to, pointer string }{
		"a bad recipient": {"b@example.com", "nobody", "/to"},
		"no such file":    {`["f1"]`, `["f2"]`, "/attachments/0"},
		"no conversation": {`"messages":[{`, `"messages":[1,{`, "/conversation/messages/0"},
		"a bad sender":    {"robin@desk.example", "robin", "/from"},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.want(422, "POST", "/v1/forwards", strings.Replace(aForward, c.from, c.to, 1)).problem(t)
			if len(p.Errors) != 1 || p.Errors[0].Pointer != c.pointer {
				t.Errorf("%+v", p.Errors)
			}
		})
	}
}

func TestDead(t *testing.T) {
	s := start(t, nil)
	put := func(l dead.Letter) {
		t.Helper()
		if err := s.client.Dead().Put(context.Background(), l); err != nil {
			t.Fatal(err)
		}
	}
	put(dead.Letter{ID: "l1", Kind: "message.send", Payload: []byte(`{"id":"m1","channel":"note","to":"c1","text":"x"}`), Reason: "its bulk is gone", Attempts: 3})
	put(dead.Letter{ID: "l2", Kind: "unheard.of", Payload: []byte(`{"number":9007199254740993}`), Reason: "not understood"})
	var page DeadPage
	s.want(200, "GET", "/v1/dead?limit=1", nil).decode(t, &page)
	if len(page.Items) != 1 || page.Next == "" || page.Counts["message.send"] != 1 || page.Counts["unheard.of"] != 1 || page.Items[0].Payload != nil {
		t.Fatalf("%+v", page)
	}
	s.want(200, "GET", "/v1/dead?kind=message.send", nil).decode(t, &page)
	if len(page.Items) != 1 || page.Items[0].ID != "l1" {
		t.Errorf("%+v", page)
	}
	if a := s.want(200, "GET", "/v1/dead/l2", nil); !strings.Contains(string(a.body), "9007199254740993") {
		t.Errorf("%s", a.body)
	}
	s.want(202, "POST", "/v1/dead/l1/retry", nil)
	s.want(200, "GET", "/v1/messages/m1", nil)
	s.want(404, "POST", "/v1/dead/l1/retry", nil).problem(t)
	if p := s.want(409, "POST", "/v1/dead/l2/retry", nil).problem(t); p.Code != "not_understood" {
		t.Errorf("code %s", p.Code)
	}
	s.want(204, "DELETE", "/v1/dead/l2", nil)
	s.want(404, "DELETE", "/v1/dead/l2", nil).problem(t)
}
