package bulk

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// A head is the definition without its context, whatever that holds; a torn one is no better than before.
func TestWithoutContext(t *testing.T) {
	for _, context := range []string{
		"", "{}", `{"a":"}"}`, `{"a":"\\\"}{","b":[{}]}`, `{"context":{"context":{}}}`, `{"a":"\"context\":{"}`, `{"messages":[{"text":"x"}]}`, `{"ä":"` + strings.Repeat("é€\\\\", 1000) + `"}`,
	} {
		d := Definition{
			ID: `news`, Context: json.RawMessage(context), CreatedAt: time.Unix(0, 0).UTC(), Country: "GB", Layout: task.Layout,
			Messages:    []Part{{Channel: message.Email, From: `"context":{ <a@b.example>`, Content: task.Content{Text: `"context":{`}}},
			Deduplicate: true,
		}
		stored, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		nested := []byte(`{"messages":[{"fields":{"context":{"a":1}}}],` + string(stored[1:]))
		if out := withoutContext(nested); !json.Valid(out) || !strings.Contains(string(out), `{"a":1}`) {
			t.Errorf("%s: what is nested is cut: %s", context, out)
		}
		var got Definition
		if err := json.Unmarshal(withoutContext(stored), &got); err != nil {
			t.Fatalf("%s: %v", context, err)
		}
		if d.Context = nil; string(got.Context) == "null" {
			got.Context = nil
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("%s: %+v", context, got)
		}
		for n := range stored { // each is an error, or none because only blanks are gone
			_ = json.Unmarshal(withoutContext(stored[:n]), &got)
		}
	}
}
