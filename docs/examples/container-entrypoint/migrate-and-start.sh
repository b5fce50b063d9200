#!/bin/sh
exec migrate-lambda deploy -- "$@"
