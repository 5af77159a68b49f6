package har

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/strictjson"
)

// Limits of a file.
const (
	MaxBytes   = 128 << 20
	maxEntries = 20_000
	maxHeaders = 200 // of one request or response; further ones are left out
)

// The members that are read. Others are passed over: nothing of them can reach the output.
type file struct {
	Log struct {
		Version string  `json:"version"`
		Creator program `json:"creator"`
		Browser program `json:"browser"`
		Pages   []struct {
			ID      string `json:"id"`
			Title   string `json:"title"`
			Started string `json:"startedDateTime"`
			Timings struct {
				OnContentLoad *float64 `json:"onContentLoad"`
				OnLoad        *float64 `json:"onLoad"`
			} `json:"pageTimings"`
		} `json:"pages"`
		Entries []rawEntry `json:"entries"`
	} `json:"log"`
}

type program struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type rawEntry struct {
	PageRef string      `json:"pageref"`
	Started string      `json:"startedDateTime"`
	Time    float64     `json:"time"`
	Request rawRequest  `json:"request"`
	Answer  rawResponse `json:"response"`
	Timings struct {
		Blocked float64 `json:"blocked"`
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		SSL     float64 `json:"ssl"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	} `json:"timings"`
	Kind  string          `json:"_resourceType"` // Chrome
	Fetch string          `json:"_fetchType"`    // Safari
	Error json.RawMessage `json:"_error"`
}

type rawRequest struct {
	Method      string  `json:"method"`
	URL         string  `json:"url"`
	HTTPVersion string  `json:"httpVersion"`
	Headers     []field `json:"headers"`
	BodySize    float64 `json:"bodySize"`
	PostData    struct {
		MimeType string `json:"mimeType"`
		Text     string `json:"text"`
	} `json:"postData"`
}

type rawResponse struct {
	Status      float64         `json:"status"`
	HTTPVersion string          `json:"httpVersion"`
	Headers     []field         `json:"headers"`
	BodySize    float64         `json:"bodySize"`
	Redirect    string          `json:"redirectURL"`
	Error       json.RawMessage `json:"_error"` // Chrome
	Content     struct {
		Size     float64 `json:"size"`
		MimeType string  `json:"mimeType"`
		Text     string  `json:"text"`
		Encoding string  `json:"encoding"`
	} `json:"content"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Bodies says what becomes of bodies.
type Bodies string

// The rules for bodies.
const (
	NoBodies Bodies = "none"
	Shapes   Bodies = "shape" // of JSON: its members' names, with the kinds of their values
)

// Read reads a HAR and takes the secrets out of it.
func Read(data []byte, bodies Bodies) (*Record, error) {
	if len(data) >= 3 && string(data[:3]) == "\ufeff" {
		data = data[3:]
	}
	if err := strictjson.Check(data, strictjson.Limits{Bytes: MaxBytes, Depth: 100, Elements: 1 << 24}); err != nil {
		return nil, fmt.Errorf("no HAR that can be read: %w", err)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) { // its own words show the value
			return nil, fmt.Errorf("no HAR that can be read: %s is of another kind than HAR has it", scrub(wrong.Field))
		}
		return nil, errors.New("no HAR that can be read")
	}
	if f.Log.Entries == nil {
		return nil, errors.New("no HAR: there is no log with entries")
	}
	if len(f.Log.Entries) > maxEntries {
		return nil, fmt.Errorf("%d requests; at most %d are read: record less", len(f.Log.Entries), maxEntries)
	}
	return record(&f, bodies), nil
}
