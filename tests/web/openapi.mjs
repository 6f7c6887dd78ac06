// Reads an OpenAPI description on standard input and prints what is wrong with it: {valid, errors}.
import { Validator } from '@seriousme/openapi-schema-validator';
import { readFileSync } from 'node:fs';

const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(0, 'utf8')));
process.stdout.write(JSON.stringify({ ...result, version: validator.version }));
