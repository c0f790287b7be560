using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Service;

namespace Microsoft.ML.ArcFace;

/// <summary>Serves face recognition from a program with ASP.NET Core.</summary>
public static class FaceServiceExtensions
{
    /// <summary>
    /// Registers face recognition as a service of its own: the embedder of a model, the gallery of its people, and what bounds the
    /// uploads. Both are opened when the program starts, so that a bad file ends the start.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="options">Model, gallery and bounds.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    public static IServiceCollection AddFaceRecognition(this IServiceCollection services, FaceServiceOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.ThrowIfAny(options.Violations(), nameof(options));
        services.AddFaceEmbedder(options.ModelPath, options.Embedder);
        services.AddSingleton(options).AddSingleton<FaceService>().AddSingleton<UploadBudget>().AddSingleton<ServiceProblems>().AddSingleton<RequestRights>();
        services.AddHostedService<FaceServiceStart>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, FaceServiceJson.Default));
        return services;
    }

    /// <summary>Maps the service's endpoints. Each of them checks its request and answers errors as problem details by itself, so that nothing else need be set up.</summary>
    /// <param name="endpoints">The program.</param>
    /// <param name="prefix">The path that they stand below. Default /v1.</param>
    /// <returns>The endpoints together, for conventions such as RequireAuthorization.</returns>
    /// <exception cref="InvalidOperationException"><see cref="AddFaceRecognition"/> was not called.</exception>
    public static RouteGroupBuilder MapFaceRecognition(this IEndpointRouteBuilder endpoints, string prefix = "/v1")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        if (endpoints.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(FaceService)) == false)
        {
            throw new InvalidOperationException($"The service has no model. Call services.{nameof(AddFaceRecognition)}(new {nameof(FaceServiceOptions)}(\"faces.zip\")) before the program is built.");
        }

        RouteGroupBuilder group = endpoints.MapGroup(prefix);
        FaceEndpoints.Map(group);
        ((IEndpointConventionBuilder)group).Finally(RequestGuard.Wrap);
        return group;
    }
}
