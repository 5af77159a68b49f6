package api

import (
	"fmt"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/strictjson"
)

// shapes turns the schemas of bodies into the shapes of the strict reader, so that the API takes what its description
// says.
type shapes struct {
	registry huma.Registry
	known    map[*huma.Schema]*strictjson.Shape
}

func (b shapes) of(schema *huma.Schema) *strictjson.Shape {
	if schema == nil {
		return nil
	}
	if schema.Ref != "" {
		return b.of(b.registry.SchemaFromRef(schema.Ref))
	}
	if s := b.known[schema]; s != nil {
		return s
	}
	s := &strictjson.Shape{Null: schema.Nullable, Min: schema.Minimum, Max: schema.Maximum, Above: schema.ExclusiveMinimum, Below: schema.ExclusiveMaximum}
	b.known[schema] = s
	switch schema.Type {
	case huma.TypeObject:
		s.Kind, s.Required, s.Members = strictjson.Object, schema.Required, map[string]*strictjson.Shape{}
		more, said := schema.AdditionalProperties.(bool)
		s.Open = schema.AdditionalProperties != nil && (!said || more)
		if others, typed := schema.AdditionalProperties.(*huma.Schema); typed {
			s.Others = b.of(others)
		}
		for name, property := range schema.Properties {
			s.Members[name] = b.of(property)
		}
	case huma.TypeArray:
		s.Kind, s.Items, s.MinItems, s.MaxItems = strictjson.List, b.of(schema.Items), value(schema.MinItems), value(schema.MaxItems)
	case huma.TypeString:
		b.text(s, schema)
	case huma.TypeNumber:
		s.Kind = strictjson.Number
	case huma.TypeInteger:
		s.Kind = strictjson.Integer
	case huma.TypeBoolean:
		s.Kind = strictjson.Boolean
	}
	return s
}

func (b shapes) text(s *strictjson.Shape, schema *huma.Schema) {
	s.Kind, s.MinLength, s.MaxLength = strictjson.String, value(schema.MinLength), value(schema.MaxLength)
	if schema.Format == "date-time" {
		s.Kind = strictjson.Time
	}
	if schema.Pattern != "" {
		s.Pattern, s.PatternHelp = regexp.MustCompile(schema.Pattern), schema.PatternDescription
		if s.PatternHelp == "" {
			s.PatternHelp = "of the form " + schema.Pattern
		}
	}
	for _, choice := range schema.Enum {
		s.Enum = append(s.Enum, fmt.Sprint(choice))
	}
}

// value is what a limit says; 0 where there is none.
func value(limit *int) int {
	if limit == nil {
		return 0
	}
	return *limit
}
