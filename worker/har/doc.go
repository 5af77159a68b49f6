// Package har reads what a browser's developer tools record of a page's requests (HAR 1.2, as Chrome, Firefox and Safari
// write it), tells what failed and what was slow, and writes it anew without secrets. It keeps what is on its list and
// nothing else: a member that it doesn't know is not there in the output. Values of headers, of query parameters and of
// cookies, and bodies, are never kept.
package har
