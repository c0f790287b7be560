using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers face recognition as a service.</summary>
public static class FaceServiceCollectionExtensions
{
    /// <summary>
    /// Registers a <see cref="FaceEmbedder"/> as a singleton, with the <see cref="IPresentationAttackDetector"/> and the logger that
    /// are registered, if any. The model is loaded when the embedder is first asked for: do so at the start to learn of a bad file then.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="modelPath">The model's .zip.</param>
    /// <param name="options">Batches, reloading, device; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    public static IServiceCollection AddFaceEmbedder(this IServiceCollection services, string modelPath, FaceEmbedder.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(modelPath);
        OptionsCheck.ThrowIfAny((options ?? new FaceEmbedder.Options()).Violations(), nameof(options));
        return services.AddSingleton(provider => new FaceEmbedder(
            modelPath, options, provider.GetService<IPresentationAttackDetector>(), provider.GetService<ILogger<FaceEmbedder>>()));
    }
}
