package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestRenderForward(t *testing.T) {
	s := startPreview(t)
	body := func(change func(map[string]any)) map[string]any {
		b := map[string]any{
			"from": "Robin <robin@desk.example>", "to": "ann@partner.example, bob@partner.example", "introduction": "For {{conversation.name}}", "attachments": []string{"a1"},
			"conversation": json.RawMessage(`{"name":"Kettle","notes":[{"body":"CANARY"}],"messages":[{"channel":"note","body":"CANARY"},
				{"direction":"in","body":"It broke, PIN CANARY","redactions":[{"text":"CANARY"}]},{"direction":"out","body":"Noted: canary","attachments":[{"id":"a1","name":"canary.txt"}]}]}`),
		}
		change(b)
		return b
	}
	var got ForwardPreview
	a := s.want(http.StatusOK, "POST", "/v1/render/forward", body(func(map[string]any) {}))
	a.decode(t, &got)
	if got.Subject != "Fwd: Kettle" || len(got.To) != 2 || len(got.Attachments) != 1 || !strings.Contains(got.HTML, "For Kettle") || !strings.Contains(got.Text, "It broke, PIN █████") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(strings.ToUpper(string(a.body)), "CANARY") {
		t.Errorf("it holds what is private: %s", a.body)
	}
	for want, change := range map[string]func(map[string]any){
		"/to":              func(b map[string]any) { b["to"] = "ann@partner.example, bob@@partner.example" },
		"/conversation":    func(b map[string]any) { b["conversation"] = json.RawMessage(`{"messages":[]}`) },
		"template_error":   func(b map[string]any) { b["introduction"] = "{{#if}}" },
		"did you mean":     func(b map[string]any) { b["template"] = "transcrpt" },
		"invalid_timezone": func(b map[string]any) { b["timezone"] = "Europe/Berlyn" },
		"transcript_too_large": func(b map[string]any) {
			b["introduction"] = strings.Repeat("{{#each @root.messages}}", 12) + strings.Repeat("x", 2000) + strings.Repeat("{{/each}}", 12)
		},
	} {
		if a := s.want(http.StatusUnprocessableEntity, "POST", "/v1/render/forward", body(change)); !strings.Contains(string(a.body), want) {
			t.Errorf("%s is not in %s", want, a.body)
		}
	}
}
