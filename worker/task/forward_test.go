package task

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/fault"
)

func goodForward() Forward {
	return Forward{
		ID: "f-1", From: "Robin <robin@desk.example>", To: "partner@example.org", Conversation: strings.Repeat("a", 64),
		Introduction: "Hi", Attachments: []string{"att_1"}, Order: OldestFirst, Overflow: ShortenOverflow, ForwardedBy: &Agent{ID: "usr_1"}, Policy: Hold,
	}
}

func TestForwardRoundTrips(t *testing.T) {
	want := goodForward()
	data, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(want.Kind(), data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// All faults are told at once.
func TestFaultyForwardsAreRefused(t *testing.T) {
	f := Forward{
		ID: "a b", From: "nobody", ReplyTo: "x", Introduction: strings.Repeat("a", MaxIntroduction+1), Order: "random", Overflow: "burst", Policy: "maybe",
		Attachments: make([]string, MaxChosenFiles+1), Locale: "!!", Timezone: "Mars/Phobos", ForwardedBy: &Agent{DisplayName: "a\r\nb"},
		Subject: strings.Repeat("é", maxSubjectTemplate+1),
	}
	checkFaults(t, f.Validate(), map[string]string{
		"/id": fault.Malformed, "/from": fault.BadAddress, "/replyTo": fault.BadAddress, "/to": fault.Missing, "/introduction": fault.TooLong,
		"/conversation": fault.Malformed, "/attachments": fault.TooMany, "/order": fault.NotOneOf, "/overflow": fault.NotOneOf, "/policy": fault.NotOneOf,
		"/timezone": fault.BadTimezone, "/locale": fault.BadLocale, "/forwardedBy/displayName": fault.BadCharacter, "/subject": fault.TooLong,
	})
}

// addresses lists u0@example.org to u(n-1)@example.org.
func addresses(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("u%d@example.org", i)
	}
	return list
}

func TestRecipientsOfAForward(t *testing.T) {
	bad := addresses(50)
	bad[16] = "u16@@example.org"
	for name, c := range map[string]struct {
		to   string
		want string // addresses, or what the error holds
	}{
		"one":                  {"Ada <ada@example.org>", "ada@example.org"},
		"a hundred":            {strings.Join(addresses(100), ", "), strings.Join(addresses(100), " ")},
		"a hundred and one":    {strings.Join(addresses(101), ","), "error 101 addresses; at most 100 are taken"},
		"one bad among fifty":  {strings.Join(bad, ", "), `error address 17: address "u16@@example.org": more than one @`},
		"twice":                {"Ada <ada@Example.ORG>, ada@example.org,b@x.example", "ada@example.org b@x.example"},
		"twice, punycode":      {"a@münchen.example, a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"},
		"two mailboxes":        {"ada@example.org, Ada@example.org", "ada@example.org Ada@example.org"},
		"a hundred, one twice": {strings.Join(append(addresses(100), "u0@EXAMPLE.org"), ","), strings.Join(addresses(100), " ")},
		"a comma within":       {`"Lovelace, Ada" <ada@example.org>`, "ada@example.org"},
		"nobody":               {" ", "error missing"},
		"a comma too many":     {"ada@example.org,", "error address 2: address is empty"},
		"a header's line ends": {"ada@example.org\r\nBcc: x@example.org", "error address 1: "},
	} {
		list, err := Forward{To: c.to}.Recipients()
		got := ""
		for _, a := range list {
			got = strings.TrimSpace(got + " " + a.Addr)
		}
		if err != nil {
			got = "error " + err.Error()
		}
		if got != c.want && (err == nil || !strings.HasPrefix(c.want, "error ") || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
