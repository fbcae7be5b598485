declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** Renders a description into an element; what it returns is not needed here. */
  export default function SwaggerUI(options: {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    validatorUrl: string | null;
  }): void;
}
