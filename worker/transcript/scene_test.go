package transcript

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/heraldsend/herald/worker/task"
)

// scene is a generated conversation in which a secret stands disguised, at several places.
type scene struct {
	rng      *rand.Rand
	secret   string
	disguise disguise
	talk     object
	source   object // the message in which it was redacted
	reply    object // another message
	merged   object // a message of a merged conversation
	forward  task.Forward
	innocent []string // lines that must stay
	what     []string // how it was made
}

type object = map[string]any

// made picks one of several.
func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// secrets make secrets of many kinds.
var secrets = []func(rng *rand.Rand) string{
	func(rng *rand.Rand) string { // a card
		return fmt.Sprintf("4%03d %04d %04d %04d", rng.IntN(1000), rng.IntN(10000), rng.IntN(10000), rng.IntN(10000))
	},
	func(rng *rand.Rand) string { return fmt.Sprintf("%06d", 100000+rng.IntN(900000)) },
	func(rng *rand.Rand) string { return fmt.Sprintf("+49 %d %07d", 30+rng.IntN(800), rng.IntN(10000000)) },
	func(rng *rand.Rand) string {
		return fmt.Sprintf("DE%02d %04d %04d %04d", rng.IntN(100), rng.IntN(10000), rng.IntN(10000), rng.IntN(10000))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("%s-%04d-%s", pick(rng, animals), rng.IntN(10000), pick(rng, flowers))
	},
	func(rng *rand.Rand) string {
		return pick(rng, animals) + "!" + pick(rng, flowers) + fmt.Sprint(rng.IntN(100))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("%s.%s%d@mail.example", pick(rng, animals), pick(rng, flowers), rng.IntN(100))
	},
	func(rng *rand.Rand) string {
		return pick(rng, []string{"Straßenfest", "Großfürstin", "Señorita", "Affinität", "Fluffiness", "Mississippi", "Façade"}) + fmt.Sprint(10+rng.IntN(90))
	},
	func(rng *rand.Rand) string { // nothing but words
		return pick(rng, animals) + " " + pick(rng, flowers) + " " + pick(rng, animals) + " under the " + pick(rng, flowers)
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("%s%d", pick(rng, []string{"qz", "xk", "wq"}), 100+rng.IntN(900))
	}, // short
}

var (
	animals = strings.Fields("tiger falcon badger ocelot walrus jackal ferret gibbon lemur osprey puffin iguana")
	flowers = strings.Fields("lily violet dahlia poppy tulip zinnia azalea jasmine lupin crocus mallow yarrow")
)

// lines that a desk reads every day
var sentences = []func(rng *rand.Rand) string{
	func(rng *rand.Rand) string {
		return fmt.Sprintf("The parcel with order %d hasn't come yet.", 1000+rng.IntN(90000))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("We sent it on %d March, at %d:%02d, with the usual carrier.", 1+rng.IntN(28), rng.IntN(24), rng.IntN(60))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("Could you tell me what the %s costs, please? I'd pay up to %d.50 EUR.", pick(rng, []string{"lamp", "kettle", "chair", "desk"}), rng.IntN(500))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("See https://www.fernhill.example/help/%d?page=%d for how it's done.", rng.IntN(1000), rng.IntN(20))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("1) Turn it off; 2) wait %d seconds; 3) turn it on again (100%% safe).", rng.IntN(60))
	},
	func(rng *rand.Rand) string {
		return fmt.Sprintf("Für Größe %d gibt's 15 %% Rabatt – danke für Ihre Geduld!", 30+rng.IntN(20))
	},
	func(*rand.Rand) string { return "ご注文ありがとうございます。" },
	func(rng *rand.Rand) string {
		return fmt.Sprintf("Ticket #%d is closed & archived; a=b, x<y.", rng.IntN(100000))
	},
}

func newScene(n int) *scene {
	rng := rand.New(rand.NewPCG(uint64(n), 15))
	s := &scene{rng: rng, disguise: disguises[n%len(disguises)], secret: secrets[n/7%len(secrets)](rng)}
	begin := time.Date(2026, 2, 3, 8, 0, 0, 0, time.UTC)
	message := func(id, direction string, after time.Duration) object {
		body := s.innocentLine() + "\n" + s.innocentLine()
		m := object{"id": id, "channel": "email", "direction": direction, "sentAt": begin.Add(after).Format(time.RFC3339Nano), "body": body, "createdBy": object{"id": "u" + direction, "displayName": "Robin Hale"}}
		return m
	}
	s.source = message("m1", "in", time.Hour)
	s.reply = message("m2", "out", time.Duration(1+rng.IntN(120))*time.Minute)
	s.merged = message("m3", "in", 3*time.Hour)
	s.talk = object{
		"id": "c", "name": "Broken hinge", "customer": object{"name": "Ada Lovelace"}, "custom": object{"tier": "gold"},
		"messages":            []any{s.source, s.reply},
		"mergedConversations": []any{object{"name": "Another", "messages": []any{s.merged}}},
	}
	s.forward = task.Forward{Introduction: "Please see below, {{customer.name}}.", Order: pick(rng, []task.ForwardOrder{"", task.OldestFirst})}
	return s
}

func (s *scene) innocentLine() string {
	line := pick(s.rng, sentences)(s.rng)
	s.innocent = append(s.innocent, line)
	return line
}

func (s *scene) note(what string) { s.what = append(s.what, what) }

// kinds are the ways in which the secret was redacted.
var kinds = []struct {
	name     string
	withheld bool
	redact   func(s *scene)
}{
	{"text", false, func(s *scene) {
		s.source["body"] = s.source["body"].(string) + "\nIt is " + s.secret + ", ok?"
		s.source["redactions"] = []any{object{"text": s.secret}}
	}},
	{"span", false, func(s *scene) {
		before := s.source["body"].(string) + "\nIt is "
		s.source["body"] = before + s.secret + ", ok?"
		start := len(utf16.Encode([]rune(before)))
		s.source["redactions"] = []any{object{"start": start, "end": start + len(utf16.Encode([]rune(s.secret)))}}
	}},
	{"span of HTML", false, func(s *scene) {
		before := "<p>It is <b>"
		s.source["htmlBody"] = before + s.secret + "</b>, ok?</p>"
		s.source["redactions"] = []any{object{"field": "htmlBody", "start": len(before), "end": len(before) + len(utf16.Encode([]rune(s.secret)))}}
	}},
	{"conversation", false, func(s *scene) { s.talk["redactions"] = []any{object{"text": s.secret}} }},
	{"merged conversation", false, func(s *scene) {
		s.talk["mergedConversations"].([]any)[0].(object)["redactions"] = []any{object{"text": s.secret}}
	}},
	{"withheld line", true, func(s *scene) { s.withhold("Hi Robin,\n" + s.secret + "\nThanks, Ada") }},
	{"withheld HTML", true, func(s *scene) { s.withhold(""); s.source["htmlBody"] = "<p>Hi,</p><p>" + s.secret + "</p>" }},
	{"withheld, quotes kept", true, func(s *scene) { s.withhold("Hi\n" + s.secret); s.forward.Quotes = task.KeepQuotes }},
	{"withheld copy", true, func(s *scene) {
		s.withhold(s.secret)
		at, err := time.Parse(time.RFC3339Nano, s.source["sentAt"].(string))
		if err != nil {
			panic(err)
		}
		copied := object{"id": "m1", "direction": "in", "sentAt": at.Add(500 * time.Millisecond).Format(time.RFC3339Nano), "body": s.secret, "createdBy": "other"}
		in := s.talk["mergedConversations"].([]any)[0].(object)
		in["messages"] = append(in["messages"].([]any), copied)
	}},
	{"withheld subject", true, func(s *scene) { s.withhold("See above"); s.source["subject"] = "Re: " + s.secret }},
}

// withhold withholds the source, whose own lines aren't innocent any more.
func (s *scene) withhold(body string) {
	s.source["body"], s.source["redacted"] = body, true
	s.innocent = s.innocent[2:]
}

// json is the conversation; without redactions as it would leak.
func (s *scene) json(redacted bool) []byte {
	out, err := json.Marshal(s.talk)
	if err != nil {
		panic(err)
	}
	if !redacted {
		out = []byte(strings.NewReplacer(`"redactions"`, `"x"`, `"redacted"`, `"y"`).Replace(string(out)))
	}
	return out
}
