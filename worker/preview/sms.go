package preview

import "github.com/heraldsend/herald/render/sms"

// SMSPreview is what an SMS costs, and why.
type SMSPreview struct {
	Encoding   string            `json:"encoding" enum:"GSM-7,UCS-2"`
	Units      int               `json:"units" doc:"7-bit or 16-bit units"`
	Characters int               `json:"characters" doc:"What a reader counts"`
	Left       int               `json:"left" doc:"Units free in the last segment"`
	Segments   []string          `json:"segments" doc:"The text as it is cut: what is billed is their number"`
	Costly     []CostlyCharacter `json:"costly" doc:"Characters that make the message more expensive, each once"`
}

// CostlyCharacter is a character, or several that are read as one, that makes a message more expensive.
type CostlyCharacter struct {
	Text  string `json:"text"`
	Why   string `json:"why" enum:"unicode,double" doc:"unicode: it forces 16-bit units; double: it counts two units"`
	Count int    `json:"count" doc:"How often it stands in the text"`
	Swap  string `json:"swap,omitempty" doc:"A text that reads the same and costs no more than others"`
}

func smsOf(text string, size *sms.Size) *SMSPreview {
	out := &SMSPreview{
		Encoding: string(size.Encoding), Units: size.Units, Characters: size.Characters, Left: size.Left,
		Segments: sms.Split(text), Costly: []CostlyCharacter{},
	}
	for _, c := range sms.Costs(text) {
		why := "unicode"
		if c.Double {
			why = "double"
		}
		out.Costly = append(out.Costly, CostlyCharacter{Text: c.Text, Why: why, Count: c.Count, Swap: c.Swap})
	}
	return out
}
