package migrate

import (
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

func TestZendeskMacros(t *testing.T) {
	f := imported(t, Zendesk, rendertest.Folder(
		"macros.json", `{"count":7,"next_page":null,"macros":[
		{"id":1,"title":"Orders::Late::Tell the customer","active":true,"description":"x","restriction":{"type":"Group","id":5,"ids":[5,6]},"actions":[
			{"field":"comment_value","value":["channel:all","Hi {{ticket.requester.first_name}}, {{dc.greeting}} {{ticket.id}}"]},{"field":"status","value":"pending"},{"field":"priority","value":"high"},
			{"field":"current_tags","value":"late order"},{"field":"assignee_id","value":"77"},{"field":"group_id","value":88},{"field":"custom_fields_360","value":"x"}]},
		{"id":2,"title":"Solve","active":true,"restriction":null,"actions":[{"field":"status","value":"solved"},{"field":"set_tags","value":"done"},{"field":"assignee_id","value":"current_user"},{"field":"subject","value":"Solved"}]},
		{"id":3,"title":"Mine","restriction":{"type":"User","id":9},"actions":[{"field":"comment_value_html","value":"<p>Hi {{ticket.requester.name}}</p>"},{"field":"comment_value","value":"Hi"},{"field":"comment_mode_is_public","value":false}]},
		{"id":4,"title":"Old","active":false,"actions":[]},
		{"id":5,"title":"Liquid","actions":[{"field":"comment_value","value":"{% if ticket.id %}x{% endif %} {{ticket.due_date}}"},{"field":"subject","value":"{{ticket.title}}"},{"field":"status","value":"closed"},{"field":"priority","value":"x"}]}]}`,
		"dc.json", `{"items":[{"id":10,"name":"Greeting","placeholder":"{{dc.greeting}}","default_locale_id":1,"variants":[
			{"content":"Hello {{ticket.requester.name}}","locale_id":1,"default":true,"active":true,"outdated":false},{"content":"Hallo","locale_id":8,"active":true,"outdated":true},
			{"content":"Bonjour","locale_id":16,"active":true},{"content":"Hej","locale_id":8,"active":false}]}]}`,
		"locales.json", `{"locales":[{"id":1,"locale":"en-US"},{"id":8,"locale":"de"}]}`,
	))
	golden(t, f, "zendesk.txt")
}

func TestIntercomMacros(t *testing.T) {
	f := imported(t, Intercom, rendertest.Folder("macros.json", `{"type":"list","data":[
		{"type":"macro","id":"1","name":"Order ready","body":"<p>Hi <attribute key=\"user.first_name\" default=\"you&#39;all\"/>, I am <attribute key=\"author.name\"/></p>","body_text":"Hi","visible_to":"specific_teams","visible_to_team_ids":["4","5"],"available_on":["inbox"],
		 "actions":[{"type":"close-conversation","data":{}},{"type":"change-conversation-priority","data":{"priority":"priority"}},{"type":"add-tag-to-conversation","data":{"tag_id":"7"}},{"type":"assign-conversation","data":{"assignee_id":"9"}},{"type":"send-workflow","data":{"workflow_instance_id":"1"}}]},
		{"type":"macro","id":"2","name":"Text only","body_text":"Hi {{user.name|fallback:\"there\"}}","visible_to":"everyone"},
		{"type":"macro","id":"3","name":"Unknown","body":"<p>{{custom.plan}} <attribute key=\"company.name\"/></p>"},
		{"type":"tag","id":"4","name":"a"}],"pages":{"type":"pages"}}`))
	golden(t, f, "intercom.txt")
}

func TestGorgiasMacros(t *testing.T) {
	f := imported(t, Gorgias, rendertest.Folder("macros.json", `{"object":"list","meta":{"next_cursor":null},"data":[
		{"id":1,"external_id":null,"name":"Order status","intent":"order/status","language":"en","usage":3,"actions":[
			{"name":"addTags","type":"user","title":"Add tags","arguments":{"tags":"question, order-status"}},
			{"name":"setResponseText","type":"user","arguments":{"body_html":"<div>Hi {{ticket.customer.firstname}},</div>","body_text":"Hi","attachments":[{"name":"a.pdf"}]}},
			{"name":"setStatus","arguments":{"status":"closed"}},{"name":"setSubject","arguments":{"subject":"Your order"}},{"name":"setAssignee","arguments":{"assignee_user":{"id":12,"name":"Ann"}}},
			{"name":"setTeamAssignee","arguments":{"assignee_team":{"id":3}}},{"name":"http","arguments":{"url":"https://x.example"}}]},
		{"id":2,"name":"Text","actions":[{"name":"setResponseText","arguments":{"body_text":"Hi {{current_user.firstname}}"}},{"name":"setStatus","arguments":{"status":"spam"}},{"name":"setSubject","arguments":{"subject":"{{ticket.id}}"}}]},
		{"id":3,"name":"no macro"}]}`))
	golden(t, f, "gorgias.txt")
}
