/** Receives metrics over HTTP as a collector does. Both encodings are decoded into the same shape. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { PbfReader } from "pbf";
import { onTestFinished } from "vitest";

/** A metric, reduced to the parts that tests compare. */
export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly temporality: number;
  readonly points: readonly {
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly value: number;
    readonly buckets: readonly number[];
  }[];
}

export interface Push {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly metrics: readonly ReceivedMetric[];
}

export const DELTA = 1;
export const CUMULATIVE = 2;

/**
 * Starts a collector that runs until the end of the test.
 *
 * @param status The status of all answers; null to never answer.
 */
export async function startCollector(status: number | null = 200) {
  const pushes: Push[] = [];
  const server = createServer(async (request, response) => {
    const sent = Buffer.concat(await request.toArray());
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    const isJson = request.headers["content-type"] === "application/json";
    const { url = "", headers } = request;
    pushes.push({ url, headers, ...(isJson ? ofJson(body) : ofProtobuf(body)) });
    if (status !== null) response.writeHead(status).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pushes };
}

type Decoded = Pick<Push, "resource" | "metrics">;

interface JsonAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

/** The parts of a JSON body that are compared. */
interface JsonBody {
  readonly resourceMetrics: readonly [
    {
      readonly resource: { readonly attributes: readonly JsonAttribute[] };
      readonly scopeMetrics: readonly [{ readonly metrics: readonly JsonMetric[] }];
    },
  ];
}

interface JsonMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: JsonData;
  readonly histogram?: JsonData;
}

interface JsonData {
  readonly aggregationTemporality: number;
  readonly dataPoints: readonly {
    readonly attributes?: readonly JsonAttribute[];
    readonly asDouble?: number;
    readonly sum?: number;
    readonly bucketCounts?: readonly (number | string)[];
  }[];
}

function attributesOf(list: readonly JsonAttribute[] = []) {
  return Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]));
}

function ofJson(body: Buffer): Decoded {
  const [first] = (JSON.parse(body.toString()) as JsonBody).resourceMetrics;
  const metrics = first.scopeMetrics[0].metrics.map(({ name, unit, sum, histogram }) => {
    const { aggregationTemporality: temporality, dataPoints } = (sum ?? histogram) as JsonData;
    const points = dataPoints.map((one) => ({
      attributes: attributesOf(one.attributes),
      value: Number(one.asDouble ?? one.sum),
      buckets: (one.bucketCounts ?? []).map(Number),
    }));
    return { name, unit, temporality, points };
  });
  return { resource: attributesOf(first.resource.attributes), metrics };
}

/** The protobuf wire types that occur here, besides the one of integers. */
const FIXED64 = 1;
const BYTES = 2;

/** The fields of a protobuf message by number. A value is bytes or a number. */
type Fields = Readonly<Record<number, readonly (Uint8Array | number)[]>>;

function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Record<number, (Uint8Array | number)[]> = {};
  return new PbfReader(bytes).readFields((field, all, reader) => {
    const { type: wire } = reader;
    const values = all[field] ?? [];
    all[field] = values;
    if (wire === BYTES) values.push(reader.readBytes());
    else values.push(wire === FIXED64 ? reader.readDouble() : reader.readVarint(true));
  }, fields);
}

const messages = (fields: Fields, tag: number) =>
  (fields[tag] ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const text = (fields: Fields | undefined, tag: number) =>
  Buffer.from((fields?.[tag]?.[0] as Uint8Array | undefined) ?? []).toString();
const attributesIn = (fields: Fields | undefined, tag: number) =>
  Object.fromEntries(
    messages(fields ?? {}, tag).map((one) => [text(one, 1), text(messages(one, 2)[0], 1)]),
  );

/** Decodes a body by the field numbers of metrics.proto of opentelemetry-proto. */
function ofProtobuf(body: Uint8Array): Decoded {
  const [first = {}] = messages(fieldsOf(body), 1);
  const [scope = {}] = messages(first, 2);
  const metrics = messages(scope, 2).map((metric): ReceivedMetric => {
    const [sum] = messages(metric, 7);
    const data = sum ?? messages(metric, 9)[0] ?? {};
    const points = messages(data, 1).map((one) => {
      const packed = (one[6]?.[0] as Uint8Array | undefined) ?? new Uint8Array();
      const counts = Array.from({ length: packed.length / 8 }, (_, at) =>
        Number(Buffer.from(packed).readBigUInt64LE(at * 8)),
      );
      return {
        attributes: attributesIn(one, sum === undefined ? 9 : 7),
        value: Number(one[sum === undefined ? 5 : 4]?.[0]),
        buckets: sum === undefined ? counts : [],
      };
    });
    const temporality = Number(data[2]?.[0]);
    return { name: text(metric, 1), unit: text(metric, 3), temporality, points };
  });
  return { resource: attributesIn(messages(first, 1)[0], 1), metrics };
}
