package catalog

import (
	"slices"
	"strings"
)

// FieldType is the type of a field.
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

// Field is one piece of dynamic text, with the path that a template writes for it.
type Field struct {
	Name string    `json:"name"` // as people call it: "Customer first name"
	Path string    `json:"path"` // customer.firstName; "<klass>" and "<name>" stand for any name, "<item>" for what is in a list, ".*" for all below
	Type FieldType `json:"type"`
	Doc  string    `json:"doc,omitempty"`

	Also   []string `json:"also,omitempty"`   // what else people call it
	Values []string `json:"values,omitempty"` // the only ones, where there are few

	Own      bool `json:"own,omitempty"`      // declared by the catalog
	Sample   any  `json:"sample,omitempty"`   // for previews
	Optional bool `json:"optional,omitempty"` // it may be missing
}

// Fields is the catalogue of dynamic text. The names follow Kustomer's public
// attribute tables.
func Fields() []Field { return slices.Clone(fields) }

var fields = []Field{
	{Name: "Customer id", Path: "customer.id", Type: TypeText},
	{Name: "Customer name", Path: "customer.name", Type: TypeText, Doc: "First and last name."},
	{Name: "Customer first name", Path: "customer.firstName", Type: TypeText},
	{Name: "Customer last name", Path: "customer.lastName", Type: TypeText},
	{Name: "Customer email", Path: "customer.email", Type: TypeText, Also: []string{"Customer Email Address"}},
	{Name: "Customer phone", Path: "customer.phone", Type: TypeText, Also: []string{"Customer Phone Number"}},
	{Name: "Customer custom field", Path: "customer.custom.<name>", Type: TypeAny, Doc: "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{Name: "Conversation id", Path: "conversation.id", Type: TypeText},
	{Name: "Conversation channels", Path: "conversation.channels", Type: TypeList, Doc: "The channels it used, such as email and chat."},
	{Name: "Conversation first message in", Path: "conversation.firstMessageIn", Type: TypeObject, Doc: "The customer's first message."},
	{Name: "Conversation first message in: sent at", Path: "conversation.firstMessageIn.sentAt", Type: TypeDate},
	{Name: "Conversation first message in: created at", Path: "conversation.firstMessageIn.createdAt", Type: TypeDate},
	{Name: "Conversation first message in: channel", Path: "conversation.firstMessageIn.channel", Type: TypeText},
	{Name: "Conversation first message in: preview", Path: "conversation.firstMessageIn.preview", Type: TypeText},
	{Name: "Conversation first message in: subject", Path: "conversation.firstMessageIn.subject", Type: TypeText},
	{Name: "Conversation last message out", Path: "conversation.lastMessageOut", Type: TypeObject, Doc: "The team's last message."},
	{Name: "Conversation last message out: sent at", Path: "conversation.lastMessageOut.sentAt", Type: TypeDate},
	{Name: "Conversation last message out: created at", Path: "conversation.lastMessageOut.createdAt", Type: TypeDate},
	{Name: "Conversation last message out: channel", Path: "conversation.lastMessageOut.channel", Type: TypeText},
	{Name: "Conversation last message out: preview", Path: "conversation.lastMessageOut.preview", Type: TypeText},
	{Name: "Conversation last message out: subject", Path: "conversation.lastMessageOut.subject", Type: TypeText},
	{Name: "Conversation name", Path: "conversation.name", Type: TypeText, Doc: "Its subject."},
	{Name: "Conversation preview", Path: "conversation.preview", Type: TypeText, Doc: "The first words of its first message."},
	{Name: "Conversation satisfaction", Path: "conversation.satisfaction", Type: TypeAny, Doc: "The last survey's answer."},
	{Name: "Conversation status", Path: "conversation.status", Type: TypeText, Doc: "open, snoozed, or done.", Values: []string{"open", "snoozed", "done"}},
	{Name: "Conversation custom field", Path: "conversation.custom.<name>", Type: TypeAny, Doc: "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{Name: "Conversation message count", Path: "conversation.messageCount", Type: TypeNumber, Doc: "In forwards: how many messages the transcript has."},
	{Name: "Conversation messages left out", Path: "conversation.leftOut", Type: TypeNumber, Doc: "In forwards: how many of the oldest messages did not fit."},
	{Name: "Conversation created at", Path: "conversation.createdAt", Type: TypeDate, Doc: "In forwards."},
	{Name: "Conversation first message at", Path: "conversation.firstMessageAt", Type: TypeDate, Doc: "In forwards."},
	{Name: "Conversation last message at", Path: "conversation.lastMessageAt", Type: TypeDate, Doc: "In forwards."},
	{Name: "User name", Path: "currentUser.name", Type: TypeText, Doc: "Of the agent; user.name is the same."},
	{Name: "User display name", Path: "currentUser.displayName", Type: TypeText, Doc: "As customers see it."},
	{Name: "User first name", Path: "currentUser.firstName", Type: TypeText},
	{Name: "User last name", Path: "currentUser.lastName", Type: TypeText},
	{Name: "User email", Path: "currentUser.email", Type: TypeText, Also: []string{"User Email Address"}},
	{Name: "User email signature", Path: "currentUser.emailSignature", Type: TypeText, Doc: "May be HTML."},
	{Name: "User mobile", Path: "currentUser.mobile", Type: TypeText, Also: []string{"User Mobile Number"}},
	{Name: "User avatar", Path: "currentUser.avatarUrl", Type: TypeText, Doc: "Address of a picture."},
	{Name: "KObject title", Path: "kobjects.<klass>.title", Type: TypeText, Doc: "A custom object by its klass, such as kobjects.order.title.", Also: []string{"Custom Object Title"}},
	{Name: "KObject description", Path: "kobjects.<klass>.description", Type: TypeText},
	{Name: "KObject custom field", Path: "kobjects.<klass>.custom.<name>", Type: TypeAny, Doc: "The name's suffix tells the type: Str, Txt, Num, Bool, At."},
	{Name: "Unsubscribe link", Path: "unsubscribe.url", Type: TypeText, Doc: "In emails that ask for it: where the recipient unsubscribes."},
	{Name: "View link", Path: "view.url", Type: TypeText, Doc: "Where a copy of the email stands, if the caller keeps one: Herald does not."},
	{Name: "Draft subject", Path: "draft.subject", Type: TypeText, Doc: "In email templates: the email's subject."},
	{Name: "Draft preheader", Path: "draft.preheader", Type: TypeText, Doc: "In email templates: the words that lists of mails show."},
	{Name: "Draft HTML body", Path: "draft.htmlBody", Type: TypeText, Doc: "In email templates, in three braces: the message."},
	{Name: "Draft text body", Path: "draft.textBody", Type: TypeText, Doc: "In the text of email templates: the message."},
	{Name: "Draft locale", Path: "draft.locale", Type: TypeText, Doc: "In email templates: the message's locale."},
	{Name: "Draft language", Path: "draft.lang", Type: TypeText, Doc: "In email templates: the language for the page's lang attribute."},
	{Name: "Draft direction", Path: "draft.dir", Type: TypeText, Doc: "In email templates: ltr, or rtl for languages that are written from right to left."},
	{Name: "Transcript messages", Path: "messages", Type: TypeList, Doc: "In forwards: the messages, newest first. {{#each messages}} goes through them."},
	{Name: "Message id", Path: "messages." + Item + ".id", Type: TypeText},
	{Name: "Message channel", Path: "messages." + Item + ".channel", Type: TypeText},
	{Name: "Message direction", Path: "messages." + Item + ".direction", Type: TypeText},
	{Name: "Message direction type", Path: "messages." + Item + ".directionType", Type: TypeText, Doc: "initial-in, response-out, followup-in, …"},
	{Name: "Message time", Path: "messages." + Item + ".time", Type: TypeDate, Doc: "When it was sent, or else made."},
	{Name: "Message sent at", Path: "messages." + Item + ".sentAt", Type: TypeDate},
	{Name: "Message created at", Path: "messages." + Item + ".createdAt", Type: TypeDate},
	{Name: "Message author", Path: "messages." + Item + ".author", Type: TypeText, Doc: "As people read it."},
	{Name: "Message author's id", Path: "messages." + Item + ".createdBy.id", Type: TypeText},
	{Name: "Message author's name", Path: "messages." + Item + ".createdBy.name", Type: TypeText},
	{Name: "Message author's display name", Path: "messages." + Item + ".createdBy.displayName", Type: TypeText},
	{Name: "Message written by no person", Path: "messages." + Item + ".auto", Type: TypeBool},
	{Name: "Message subject", Path: "messages." + Item + ".subject", Type: TypeText},
	{Name: "Message with a new subject", Path: "messages." + Item + ".newSubject", Type: TypeBool},
	{Name: "Message preview", Path: "messages." + Item + ".preview", Type: TypeText},
	{Name: "Message body", Path: "messages." + Item + ".body", Type: TypeText, Doc: "Plain text."},
	{Name: "Message HTML body", Path: "messages." + Item + ".htmlBody", Type: TypeText, Doc: "In three braces."},
	{Name: "Message redacted", Path: "messages." + Item + ".redacted", Type: TypeBool},
	{Name: "Message withheld", Path: "messages." + Item + ".withheld", Type: TypeBool, Doc: "As a whole: there is no body."},
	{Name: "Message unproven", Path: "messages." + Item + ".unproven", Type: TypeBool, Doc: "Withheld, since it can't be proven to hold nothing that was redacted."},
	{Name: "Message attachments", Path: "messages." + Item + ".attachments", Type: TypeList},
	{Name: "Message attachment's name", Path: "messages." + Item + ".attachments." + Item + ".name", Type: TypeText},
	{Name: "Message attachment's type", Path: "messages." + Item + ".attachments." + Item + ".contentType", Type: TypeText},
	{Name: "Message attachment's bytes", Path: "messages." + Item + ".attachments." + Item + ".contentLength", Type: TypeNumber},
	{Name: "Message writing direction", Path: "messages." + Item + ".dir", Type: TypeText, Doc: "ltr or rtl."},
	{Name: "Message conversation's name", Path: "messages." + Item + ".conversationName", Type: TypeText, Doc: "Of another conversation that was merged into this one."},
	{Name: "Forward attachments", Path: "forward.attachments", Type: TypeList, Doc: "In forwards: the files that go along."},
	{Name: "Forward attachment's name", Path: "forward.attachments." + Item + ".name", Type: TypeText},
	{Name: "Forward attachment's type", Path: "forward.attachments." + Item + ".contentType", Type: TypeText},
	{Name: "Forward attachment's bytes", Path: "forward.attachments." + Item + ".contentLength", Type: TypeNumber},
	{Name: "Forward direction", Path: "forward.dir", Type: TypeText, Doc: "In forwards: ltr or rtl, of the language's script."},
}

// TypeOfName is the type that the suffix of a custom field's name says.
func TypeOfName(path string) FieldType {
	for suffix, t := range map[string]FieldType{"Str": TypeText, "Txt": TypeText, "Num": TypeNumber, "Bool": TypeBool, "At": TypeDate} {
		if name := path[strings.LastIndexByte(path, '.')+1:]; strings.HasSuffix(name, suffix) && len(name) > len(suffix) {
			return t
		}
	}
	return TypeAny
}

// BareDateExample is how a field that holds a date is printed without dateFormat.
const BareDateExample = "January 18, 2019 12:00 AM"
