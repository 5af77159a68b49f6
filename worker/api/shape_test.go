package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
)

// wholeBodies are bodies of each resource with every member, all of them right.
var wholeBodies = map[string]string{
	"POST /v1/messages": `{"id":"m1","channel":"email","from":"a@b.example","to":"c@d.example","replyTo":"e@f.example","cc":["g@h.example"],"bcc":["i@j.example"],
		"text":"Hi","format":"text","subject":"S","template":"reply","context":{"a.b":1},"locale":"fr-CA","timezone":"Europe/Paris",
		"attachments":[{"name":"a.txt","type":"text/plain","contentId":"x","inline":"aGk="}],"policy":"hold","onIssue":"skip","unsubscribe":true,
		"headers":[{"name":"X-A","value":"b"}],"chat":{"brand":"b","assistant":"a","dialog":"d"},"note":{"mentions":["u1"],"status":"open"},
		"sendAt":"2026-01-01T00:00:00Z","sendBefore":"2026-02-01T00:00:00Z",
		"actions":{"subject":"S","tags":["t"],"customFields":{"aNum":1},"emailTemplate":"e","spam":false,"queue":"q","assignedUsers":["u"],"assignedTeams":["t"],"priority":5,"status":"snoozed","subStatus":"s","snoozeUntil":"3d"}}`,
	"POST /v1/bulks": `{"id":"b1","messages":[{"channel":"email","from":"a@b.example","replyTo":"e@f.example","shortcut":"x","format":"text","subject":"S","template":"reply",
		"attachments":[{"name":"a.pdf","url":"https://f.example/a.pdf"}],"policy":"hold","unsubscribe":true,"headers":[{"name":"X-A","value":"b"}]},
		{"channel":"note","text":"x","chat":{"brand":"b"},"note":{"mentions":["u1"],"status":"open"}}],
		"context":{"a":1},"locale":"fr-CA","timezone":"Europe/Paris","onIssue":"skip","deduplicate":true,"rate":1.5,"sendAt":"2026-01-01T00:00:00Z",
		"sendBefore":"2026-02-01T00:00:00Z","canary":{"percent":5,"maxFailurePercent":1},"actions":{"queue":"q"},"events":true}`,
	"POST /v1/forwards": `{"id":"f1","from":"a@b.example","replyTo":"e@f.example","to":"c@d.example","subject":"S","introduction":"I","template":"t",
		"conversation":{"id":"c1","messages":[{"direction":"in","body":"x","attachments":[{"id":"a1","name":"a.txt","inline":"aGk="}]}]},"attachments":["a1"],
		"locale":"fr-CA","timezone":"Europe/Paris","order":"oldest","overflow":"shorten","forwardedBy":{"id":"u","displayName":"R","email":"r@b.example"},
		"policy":"hold","sendAt":"2026-01-01T00:00:00Z","sendBefore":"2026-02-01T00:00:00Z"}`,
	"POST /v1/suppressions": `{"channel":"email","entries":[{"address":"a@b.example","allow":true,"reason":"manual","source":"s","at":"2026-01-01T00:00:00Z"}]}`,
	"POST /v1/render": `{"channel":"email","channels":["sms"],"text":"Hi","format":"text","subject":"S","template":"reply","context":{"a":1},"locale":"en","timezone":"UTC",
		"from":"a@b.example","source":true,"explain":true,"lint":true}`,
}

// breakage is one way to spoil one member.
type breakage struct {
	pointer string // where it must be told
	value   any
	missing bool
}

// breakages are the ways to spoil the value at pointer, as its schema says.
func breakages(registry huma.Registry, schema *huma.Schema, pointer string, value any, required bool) []breakage {
	for schema != nil && schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	var out []breakage
	spoil := func(v any) { out = append(out, breakage{pointer: pointer, value: v}) }
	if required && pointer != "" {
		out = append(out, breakage{pointer: pointer, missing: true})
	}
	for kind, v := range map[string]any{huma.TypeObject: map[string]any{}, huma.TypeArray: []any{}, huma.TypeString: "x", huma.TypeBoolean: true} {
		if kind != schema.Type {
			spoil(v)
		}
	}
	if schema.Type != huma.TypeNumber && schema.Type != huma.TypeInteger {
		spoil(7)
	}
	if schema.MaxLength != nil {
		spoil(strings.Repeat("é", *schema.MaxLength+1))
	}
	if len(schema.Enum) > 0 {
		spoil("banana")
	}
	if schema.Format == "date-time" {
		spoil("yesterday")
	}
	if schema.MaxItems != nil {
		list, _ := value.([]any)
		for len(list) <= *schema.MaxItems {
			list = append(list, list[0])
		}
		spoil(list)
	}
	for _, limit := range []*float64{schema.ExclusiveMinimum, schema.ExclusiveMaximum} {
		if limit != nil {
			spoil(*limit)
		}
	}
	if schema.Minimum != nil {
		spoil(*schema.Minimum - 1)
	}
	if schema.Maximum != nil {
		spoil(*schema.Maximum + 1)
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if property := schema.Properties[name]; property != nil {
				out = append(out, breakages(registry, property, pointer+fault.Pointer(name), v[name], slices.Contains(schema.Required, name))...)
			}
		}
		if open, _ := schema.AdditionalProperties.(bool); !open {
			out = append(out, breakage{pointer: pointer + fault.Pointer("x.y/z~"), value: 1})
		}
	case []any:
		for i, item := range v {
			out = append(out, breakages(registry, schema.Items, pointer+fault.Pointer(i), item, false)...)
		}
	}
	return out
}

// apply gives the body with one value at a pointer set, or taken away.
func (b breakage) apply(t *testing.T, body string) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(body), &root); err != nil {
		t.Fatal(err)
	}
	steps := fault.Steps(b.pointer)
	if len(steps) == 0 {
		root = b.value
	}
	at := root
	for i, step := range steps {
		switch v := at.(type) {
		case map[string]any:
			if i < len(steps)-1 {
				at = v[step]
			} else if b.missing {
				delete(v, step)
			} else {
				v[step] = b.value
			}
		case []any:
			n := int(step[0] - '0')
			if i < len(steps)-1 {
				at = v[n]
			} else {
				v[n] = b.value
			}
		}
	}
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Each member of each body is broken in every way that its description names: exactly its place is told, with a code; the
// pointer leads there in the body as it was sent; and nothing is stored.
func TestEveryBrokenMemberIsTold(t *testing.T) {
	s := startPreview(t)
	for route, body := range wholeBodies {
		t.Run(route, func(t *testing.T) {
			method, path, _ := strings.Cut(route, " ")
			if a := s.do(method, path, strings.ReplaceAll(strings.ReplaceAll(body, `"m1"`, `"whole-m"`), `"f1"`, `"whole-f"`)); a.status >= 300 {
				t.Fatalf("the whole body: %d %s", a.status, a.body)
			}
			before, err := s.redis.Client().DBSize(t.Context()).Result()
			if err != nil {
				t.Fatal(err)
			}
			schema := s.api.openAPI.Paths[path].Post.RequestBody.Content["application/json"].Schema
			var value any
			if err := json.Unmarshal([]byte(body), &value); err != nil {
				t.Fatal(err)
			}
			all := breakages(s.api.openAPI.Components.Schemas, schema, "", value, true)
			for _, b := range all {
				sent := b.apply(t, body)
				name := fmt.Sprintf("%s: %.60s", b.pointer, fmt.Sprint(b.value))
				a := s.do(method, path, sent)
				if a.status != 422 {
					t.Errorf("%s: %d %.300s", name, a.status, a.body)
					continue
				}
				p := a.problem(t)
				found := false
				for _, f := range p.Errors {
					found = found || f.Pointer == b.pointer
					within := f.Pointer == b.pointer || strings.HasPrefix(f.Pointer, b.pointer+"/")
					if f.Code == "" || !within && f.Code != fault.NotAllowed && f.Code != fault.Missing {
						t.Errorf("%s: told %+v", name, f)
					}
					if _, ok := strictjson.Find(sent, f.Pointer); !ok && f.Code != fault.Missing {
						t.Errorf("%s: %q leads nowhere", name, f.Pointer)
					}
				}
				if !found {
					t.Errorf("%s: not told: %+v", name, p.Errors)
				}
			}
			if after, err := s.redis.Client().DBSize(t.Context()).Result(); err != nil || after != before {
				t.Errorf("%d keys, before %d (%v)", after, before, err)
			}
			if len(all) < 10 {
				t.Errorf("only %d ways to break it", len(all))
			}
			t.Logf("%d ways", len(all))
		})
	}
}
