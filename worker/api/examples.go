package api

import "net/url"

func pathURL(path string) *url.URL { return &url.URL{Path: path} }

type object = map[string]any

var exampleMessage = object{
	"channel": "email", "from": "Fernhill <stay@fernhill.example>", "to": "ada@example.com", "shortcut": "order-issue-before-arrival",
	"locale": "fr-CA", "context": object{"customer": object{"firstName": "Ada"}},
}

// examples are the bodies that the description shows. A test sends each of them.
var examples = map[string]any{
	"send-message":         exampleMessage,
	"send-messages":        object{"messages": []any{exampleMessage, object{"id": "order-10031", "channel": "sms", "to": "+447700900123", "text": "Hi {{customer.firstName}}", "context": object{"customer": object{"firstName": "Grace"}}}}},
	"reschedule-message":   object{"sendAt": "2026-12-24T08:00:00Z"},
	"resolve-message":      object{"as": "sent"},
	"forward-conversation": object{"from": "Robin <robin@desk.example>", "to": "parts@supplier.example", "conversation": object{"id": "c42", "messages": []any{object{"id": "m1", "direction": "in", "sentAt": "2026-11-30T09:00:00Z", "body": "The hinge is broken."}}}},
	"resolve-forward":      object{"as": "failed"},
	"create-bulk": object{
		"id": "spring-news", "rate": 500, "deduplicate": true,
		"messages": []any{object{"channel": "email", "from": "Fernhill <stay@fernhill.example>", "shortcut": "order-issue-before-arrival"}},
	},
	"reschedule-bulk":  object{"sendAt": "2026-12-24T08:00:00Z"},
	"resend-bulk":      object{"from": "failed"},
	"resolve-bulk":     object{"as": "resend"},
	"set-bulk-rate":    object{"perSecond": 100},
	"set-rates":        object{"rates": object{"email": 200, "sms": 10, "sms:+15550100": 1}},
	"end-safe-mode":    object{"from": "2026-12-01T08:00:00Z"},
	"add-suppressions": object{"channel": "email", "entries": []any{object{"address": "ada@example.com", "reason": "unsubscribed"}}},
	"render":           object{"text": "Hi {{customer.firstName}}", "channel": "sms", "context": object{"customer": object{"firstName": "Ada"}}},
	"save-shortcut":    object{"shortcut": object{"name": "hello", "subject": "Hello", "message": "Hi {{customer.firstName}}"}},
	"save-snippet":     object{"snippet": object{"name": "sn.hello", "source": "en", "texts": object{"en": "Hello", "de": "Hallo"}}},
	"render-forward":   object{"from": "Robin <robin@desk.example>", "to": "parts@supplier.example", "conversation": object{"id": "c42", "messages": []any{object{"id": "m1", "direction": "in", "sentAt": "2026-11-30T09:00:00Z", "body": "The hinge is broken."}}}},
}
