package catalog

import (
	"slices"
	"strings"
)

// FieldType is what a field holds.
type FieldType string

// The types.
const (
	TypeText   FieldType = "text"
	TypeNumber FieldType = "number"
	TypeBool   FieldType = "boolean"
	TypeDate   FieldType = "date"
	TypeList   FieldType = "list"
	TypeObject FieldType = "object"
	TypeAny    FieldType = "any"
)

// Field is one piece of dynamic text: what an author picks, and the path that
// a template writes for it.
type Field struct {
	Name string    `json:"name"` // as people call it: "Customer first name"
	Path string    `json:"path"` // customer.firstName; "<klass>" and "<name>" stand for any name, ".*" for all below
	Type FieldType `json:"type"`
	Doc  string    `json:"doc,omitempty"`
}

// Fields is the catalogue of dynamic text. The names follow Kustomer's public
// attribute tables.
func Fields() []Field { return slices.Clone(fields) }

var fields = []Field{
	{"Customer id", "customer.id", TypeText, ""},
	{"Customer name", "customer.name", TypeText, "First and last name."},
	{"Customer first name", "customer.firstName", TypeText, ""},
	{"Customer last name", "customer.lastName", TypeText, ""},
	{"Customer email", "customer.email", TypeText, ""},
	{"Customer phone", "customer.phone", TypeText, ""},
	{"Customer custom field", "customer.custom.<name>", TypeAny, "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{"Conversation id", "conversation.id", TypeText, ""},
	{"Conversation channels", "conversation.channels", TypeList, "The channels it used, such as email and chat."},
	{"Conversation first message in", "conversation.firstMessageIn", TypeObject, "The customer's first message."},
	{"Conversation first message in: sent at", "conversation.firstMessageIn.sentAt", TypeDate, ""},
	{"Conversation first message in: created at", "conversation.firstMessageIn.createdAt", TypeDate, ""},
	{"Conversation first message in: channel", "conversation.firstMessageIn.channel", TypeText, ""},
	{"Conversation first message in: preview", "conversation.firstMessageIn.preview", TypeText, ""},
	{"Conversation first message in: subject", "conversation.firstMessageIn.subject", TypeText, ""},
	{"Conversation last message out", "conversation.lastMessageOut", TypeObject, "The team's last message."},
	{"Conversation last message out: sent at", "conversation.lastMessageOut.sentAt", TypeDate, ""},
	{"Conversation last message out: created at", "conversation.lastMessageOut.createdAt", TypeDate, ""},
	{"Conversation last message out: channel", "conversation.lastMessageOut.channel", TypeText, ""},
	{"Conversation last message out: preview", "conversation.lastMessageOut.preview", TypeText, ""},
	{"Conversation last message out: subject", "conversation.lastMessageOut.subject", TypeText, ""},
	{"Conversation name", "conversation.name", TypeText, "Its subject."},
	{"Conversation preview", "conversation.preview", TypeText, "The first words of its last message."},
	{"Conversation satisfaction", "conversation.satisfaction", TypeAny, "The last survey's answer."},
	{"Conversation status", "conversation.status", TypeText, "open, snoozed, or done."},
	{"Conversation custom field", "conversation.custom.<name>", TypeAny, "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{"Conversation message count", "conversation.messageCount", TypeNumber, "In forwards: how many messages the transcript has."},
	{"Conversation messages left out", "conversation.leftOut", TypeNumber, "In forwards: how many of the oldest messages did not fit."},
	{"Conversation first message at", "conversation.firstMessageAt", TypeDate, "In forwards."},
	{"Conversation last message at", "conversation.lastMessageAt", TypeDate, "In forwards."},
	{"User name", "currentUser.name", TypeText, "Of the agent; user.name is the same."},
	{"User display name", "currentUser.displayName", TypeText, "As customers see it."},
	{"User first name", "currentUser.firstName", TypeText, ""},
	{"User last name", "currentUser.lastName", TypeText, ""},
	{"User email", "currentUser.email", TypeText, ""},
	{"User email signature", "currentUser.emailSignature", TypeText, "May be HTML."},
	{"User mobile", "currentUser.mobile", TypeText, ""},
	{"User avatar", "currentUser.avatarUrl", TypeText, "Address of a picture."},
	{"KObject title", "kobjects.<klass>.title", TypeText, "A custom object by its klass, such as kobjects.order.title."},
	{"KObject description", "kobjects.<klass>.description", TypeText, ""},
	{"KObject custom field", "kobjects.<klass>.custom.<name>", TypeAny, "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{"Unsubscribe link", "unsubscribe.url", TypeText, "In emails that ask for it: where the recipient unsubscribes."},
	{"Draft subject", "draft.subject", TypeText, "In email templates: the email's subject."},
	{"Draft preheader", "draft.preheader", TypeText, "In email templates: the words that lists of mails show."},
	{"Draft HTML body", "draft.htmlBody", TypeText, "In email templates, in three braces: the message."},
	{"Draft text body", "draft.textBody", TypeText, "In the text of email templates: the message."},
	{"Draft locale", "draft.locale", TypeText, "In email templates: the message's locale."},
	{"Transcript messages", "messages", TypeList, "In forwards: channel, direction, directionType, time, sentAt, createdAt, author, createdBy, " +
		"auto, subject, newSubject, preview, body, htmlBody, redacted, withheld, attachments, dir, conversationName."},
	{"Forward attachments", "forward.attachments", TypeList, "In forwards: the files that go along; each has name, contentType, contentLength."},
	{"Forward direction", "forward.dir", TypeText, "In forwards: ltr or rtl, of the language's script."},
}

// TypeOfName reads the suffix of a custom field's name.
func TypeOfName(path string) FieldType {
	for suffix, t := range map[string]FieldType{"Str": TypeText, "Txt": TypeText, "Num": TypeNumber, "Bool": TypeBool, "At": TypeDate} {
		if name := path[strings.LastIndexByte(path, '.')+1:]; strings.HasSuffix(name, suffix) && len(name) > len(suffix) {
			return t
		}
	}
	return TypeAny
}
