// Package httpapi is everything about HTTP that a handler must not repeat: route tables, authentication
// before anything else, the contract, the rule, the error envelope, links, filters, paging, HEAD, request
// ids and the access log. It is the only package besides internal/server that knows Echo. It owns no
// resource and decides nothing about who may do what: it asks internal/policy and remembers that it asked.
package httpapi
