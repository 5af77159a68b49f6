// Package migrate turns canned responses of other tools into a folder of templates, and a folder into what Kustomer's
// public API takes. Whatever can't be carried over is told by name, field and reason: nothing is lost in silence.
//
// The forms are those of the tools' public references: Kustomer's JSON:API objects (developer.kustomer.com), Zendesk's
// macros and dynamic content (developer.zendesk.com), Intercom's macros (developers.intercom.com), Gorgias's macros
// (developers.gorgias.com). Nothing is fetched: the input is files.
package migrate
