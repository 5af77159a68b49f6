package api

import (
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/outbox"
)

// complete adds to the description what all operations have in common, examples, and the events that Herald sends.
func complete(d *huma.OpenAPI) {
	d.Tags = tags(d)
	d.Components.Headers = sharedHeaders()
	for _, item := range d.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				completeOperation(op)
			}
		}
	}
	d.Webhooks = map[string]*huma.PathItem{}
	schema := d.Components.Schemas.Schema(reflect.TypeFor[EventBody](), true, "EventBody")
	for _, name := range outbox.Types {
		d.Webhooks[name] = webhook(name, schema)
	}
}

// tagWords describe the groups of operations.
var tagWords = map[string]string{
	"Messages": "Single messages, one or many in a call.", "Bulks": "The same content for many people.", "Forwards": "Transcripts of conversations for people outside.",
	"Attachments": "Files that are stored once for all who send them.", "Suppressions": "Who must not be written to.",
	"Preview": "A look before sending, and what templates may use.", "Operations": "For those who run Herald.", "Tests": "What would have been sent.",
	"Recipients": "People, in everything that is stored.",
}

func tags(d *huma.OpenAPI) []*huma.Tag {
	var list []*huma.Tag
	for _, group := range referenceOf(d).Groups {
		list = append(list, &huma.Tag{Name: group.Name, Description: tagWords[group.Name]})
	}
	return list
}

func header(words string, schema *huma.Schema) *huma.Param {
	return &huma.Param{Description: words, Schema: schema}
}

func sharedHeaders() map[string]*huma.Param {
	whole, text := &huma.Schema{Type: huma.TypeInteger}, &huma.Schema{Type: huma.TypeString}
	return map[string]*huma.Param{
		requestID:             header("The name of the request: the caller's, or a fresh one. The log has it too.", text),
		"RateLimit-Limit":     header("How many requests the token may make at once, where HERALD_API_RATE is set.", whole),
		"RateLimit-Remaining": header("How many of these are left.", whole),
		"RateLimit-Reset":     header("In how many seconds all of them are again.", whole),
		"Retry-After":         header("After how many seconds to call again.", whole),
		"WWW-Authenticate":    header("How to authenticate.", text),
		"ETag":                header("The version of the answer.", text),
	}
}

// completeOperation adds headers, the encodings of bodies and an example.
func completeOperation(op *huma.Operation) {
	tagged := op.Method == http.MethodGet && known(&http.Request{Method: op.Method, URL: pathURL(op.Path)})
	if tagged {
		op.Responses["304"] = &huma.Response{Description: "The caller has it."}
		op.Parameters = append(op.Parameters, &huma.Param{Name: "If-None-Match", In: "header", Description: "ETags that the caller has.", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	for status, response := range op.Responses {
		if response.Headers == nil {
			response.Headers = map[string]*huma.Param{}
		}
		names := []string{requestID, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
		switch status {
		case "429", "503":
			names = append(names, "Retry-After")
		case "401":
			names = append(names, "WWW-Authenticate")
		case "200", "304":
			if tagged {
				names = append(names, "ETag")
			}
		}
		for _, name := range names {
			response.Headers[name] = &huma.Param{Ref: "#/components/headers/" + name}
		}
	}
	op.Parameters = append(op.Parameters, &huma.Param{Name: requestID, In: "header", Description: "A name for the request, for logs: up to 64 letters, digits, '.', '_' and '-'. Another one is passed over.", Schema: &huma.Schema{Type: huma.TypeString}})
	if op.RequestBody == nil {
		return
	}
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "Content-Encoding", In: "header", Description: "How the body is packed; not at all where missing.",
		Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"identity", "gzip", "zstd"}},
	})
	if media := op.RequestBody.Content["application/json"]; media != nil && media.Example == nil {
		media.Example = examples[op.OperationID]
	}
}

// EventBody is what an event's request holds.
type EventBody struct {
	Type      string    `json:"type" doc:"What happened." example:"message.sent"`
	Timestamp time.Time `json:"timestamp" doc:"When it happened."`
	Stream    string    `json:"stream" doc:"The conversation, bulk or message in whose order it stands." example:"conversation:c42"`
	Sequence  int64     `json:"sequence" doc:"Its place in the stream; it grows by one."`
	Test      bool      `json:"test,omitempty" doc:"It is about a test: nobody got anything."`
	Data      Object    `json:"data" doc:"What it is about: docs/events.md shows it for each type."`
}

func webhook(name string, schema *huma.Schema) *huma.PathItem {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.PathItem{Post: &huma.Operation{
		OperationID: "event-" + strings.NewReplacer(".", "-", "_", "-").Replace(name), Summary: name, Tags: []string{"Events"}, Security: []map[string][]string{},
		Description: "Signed by the rules of Standard Webhooks, with the secret of HERALD_WEBHOOK_SECRETS. The same webhook-id may come twice.",
		Parameters: []*huma.Param{
			{Name: "webhook-id", In: "header", Required: true, Description: "Names the event: the same for every try.", Schema: text},
			{Name: "webhook-timestamp", In: "header", Required: true, Description: "When this try was made, in Unix seconds.", Schema: text},
			{Name: "webhook-signature", In: "header", Required: true, Description: "v1, and the base64 of the HMAC-SHA256 of id, timestamp and body, joined by dots; one for each secret.", Schema: text},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}},
		Responses: map[string]*huma.Response{
			"200":     {Description: "Taken: any 2xx."},
			"default": {Description: "It is sent again later."},
		},
	}}
}
