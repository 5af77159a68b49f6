package migrate

import (
	"regexp"
	"strings"
)

// tag is a placeholder: its name, and what stands in for a missing value.
var tag = regexp.MustCompile(`\{\{\s*([A-Za-z_][\w.]*)\s*(?:\|\s*fallback\s*:\s*["']([^"'{}]*)["']\s*)?\}\}`)

// fields are the placeholders of other tools, and the fields that are the same.
var fields = map[string]string{
	// Zendesk
	"ticket.requester.name": "customer.name", "ticket.requester.first_name": "customer.firstName", "ticket.requester.last_name": "customer.lastName",
	"ticket.requester.email": "customer.email", "ticket.requester.phone": "customer.phone", "ticket.id": "conversation.id",
	"ticket.title": "conversation.name", "ticket.status": "conversation.status", "current_user.name": "currentUser.name",
	"current_user.first_name": "currentUser.firstName", "current_user.last_name": "currentUser.lastName", "current_user.email": "currentUser.email",
	"current_user.signature": "currentUser.emailSignature",
	// Intercom
	"user.name": "customer.name", "user.first_name": "customer.firstName", "user.last_name": "customer.lastName", "user.email": "customer.email",
	"user.phone": "customer.phone", "user.user_id": "customer.id", "author.name": "currentUser.name", "author.first_name": "currentUser.firstName",
	"teammate.name": "currentUser.name", "teammate.first_name": "currentUser.firstName",
	// Gorgias
	"ticket.customer.name": "customer.name", "ticket.customer.firstname": "customer.firstName", "ticket.customer.lastname": "customer.lastName",
	"ticket.customer.email": "customer.email", "ticket.subject": "conversation.name", "current_user.firstname": "currentUser.firstName",
	"current_user.lastname": "currentUser.lastName",
}

// ourTags turns placeholders into fields, and Zendesk's dynamic content into snippets. Those that nothing is known of stay:
// lint tells of them.
func ourTags(s string) string {
	return tag.ReplaceAllStringFunc(s, func(whole string) string {
		m := tag.FindStringSubmatch(whole)
		if name, is := strings.CutPrefix(m[1], "dc."); is {
			return "[[sn.dc." + name + "]]"
		}
		field := fields[m[1]]
		switch {
		case field == "":
			return whole
		case m[2] != "":
			return `{{default ` + field + ` "` + m[2] + `"}}`
		}
		return "{{" + field + "}}"
	})
}

// attributeTag is a placeholder in the HTML of Intercom's API.
var attributeTag = regexp.MustCompile(`<attribute\s+key="([\w.]+)"(?:\s+default="([^"]*)")?\s*/?>(?:</attribute>)?`)

// intercomHTML turns those into the placeholders that people write, and these into fields.
func intercomHTML(s string) string {
	return ourTags(attributeTag.ReplaceAllStringFunc(s, func(whole string) string {
		m := attributeTag.FindStringSubmatch(whole)
		if m[2] == "" {
			return "{{" + m[1] + "}}"
		}
		return "{{" + m[1] + `|fallback:"` + strings.NewReplacer("&quot;", "", "&#39;", "’", "'", "’", "&amp;", "&").Replace(m[2]) + `"}}`
	}))
}
