package sms

import "github.com/rivo/uniseg"

// Split cuts text into its segments as Measure counts them: their number is Size.Segments.
func Split(text string) []string {
	size := Measure(text)
	if size.Segments == 1 {
		return []string{text}
	}
	out := make([]string, 0, size.Segments)
	start, used := 0, headerBits
	each(text, size.Encoding, func(offset, _, bits int) {
		if used+bits > segmentBits {
			out = append(out, text[start:offset])
			start, used = offset, headerBits
		}
		used += bits
	})
	return append(out, text[start:])
}

// Cost is a cluster of characters that makes a message dearer.
type Cost struct {
	Text   string `json:"text"`
	Count  int    `json:"count"`            // how often it stands in the text
	Double bool   `json:"double,omitempty"` // it counts two 7-bit units; otherwise it forces UCS-2
	Swap   string `json:"swap,omitempty"`   // GSM-7 text that reads the same, if there is one
}

// Costs lists what makes a text dearer than its number of characters, each cluster once and in order: what GSM-7 lacks;
// or, where it lacks nothing, what counts two.
func Costs(text string) []Cost {
	size := Measure(text)
	var out []Cost
	at := make(map[string]int)
	forcing := make(map[string]Forcing, len(size.Forcing))
	for _, f := range size.Forcing {
		forcing[f.Text] = f
	}
	each(text, size.Encoding, func(offset, length, bits int) {
		cluster := text[offset : offset+length]
		f, forces := forcing[cluster]
		double := size.Encoding == GSM7 && bits == 2*7
		if !forces && !double {
			return
		}
		i, known := at[cluster]
		if !known {
			i = len(out)
			at[cluster] = i
			out = append(out, Cost{Text: cluster, Double: double, Swap: f.Swap})
		}
		out[i].Count++
	})
	return out
}

// each walks the pieces that no segment's end divides: characters in GSM-7, clusters in UCS-2, but for a line's CRLF.
func each(text string, e Encoding, piece func(offset, length, bits int)) {
	if e == GSM7 {
		for i, r := range text {
			piece(i, len(string(r)), 7*gsmUnits(r))
		}
		return
	}
	offset, state := 0, -1
	for rest := text; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if cluster == "\r\n" {
			piece(offset, 1, 16)
			piece(offset+1, 1, 16)
			offset += 2
			continue
		}
		units := 0
		for _, r := range cluster {
			units++
			if r >= 0x10000 {
				units++
			}
		}
		piece(offset, len(cluster), 16*units)
		offset += len(cluster)
	}
}
