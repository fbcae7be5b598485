declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export interface TriedRequest {
    url: string;
    headers: Record<string, string>;
    /** It is the description itself that is asked for. */
    loadSpec?: boolean;
  }

  /** Renders a description into an element; what it returns is not needed here. */
  export default function SwaggerUI(options: {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    validatorUrl: string | null;
    requestInterceptor: (request: TriedRequest) => Promise<TriedRequest>;
  }): void;
}
