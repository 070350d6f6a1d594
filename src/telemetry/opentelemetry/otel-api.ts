/**
 * The parts of OpenTelemetry's meters and loggers that we use. The types are our own, so that our
 * declarations compile without OpenTelemetry's packages.
 */

/** The optional description and unit of an instrument. */
export interface MeterInstrumentOptions {
  description?: string;
  unit?: string;
}

/** An object that receives the values of one collection. */
export interface ObservationResult {
  observe(
    instrument: object,
    value: number,
    attributes?: Readonly<Record<string, string | number | boolean>>,
  ): void;
}

/** A function that the SDK calls for each collection. */
export type CollectionCallback = (result: ObservationResult) => void | Promise<void>;

/** A meter of OpenTelemetry. */
export interface MeterLike {
  createObservableCounter(name: string, options?: MeterInstrumentOptions): object;
  createObservableUpDownCounter(name: string, options?: MeterInstrumentOptions): object;
  createObservableGauge(name: string, options?: MeterInstrumentOptions): object;
  addBatchObservableCallback(callback: CollectionCallback, observables: object[]): void;
  removeBatchObservableCallback(callback: CollectionCallback, observables: object[]): void;
}

/** A log record. */
export interface EventRecord {
  eventName: string;
  severityNumber: number;
  severityText: string;
  body: string;
  attributes: Record<string, string | number | boolean>;
}

/** A logger of OpenTelemetry. */
export interface LoggerLike {
  emit(record: EventRecord): void;
}
