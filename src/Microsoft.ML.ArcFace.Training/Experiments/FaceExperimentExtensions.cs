using Microsoft.ML.ArcFace;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Adds the search for options to the catalog.</summary>
public static class FaceExperimentExtensions
{
    /// <param name="faces">The catalog.</param>
    extension(FaceRecognitionCatalog faces)
    {
        /// <summary>
        /// Prepares a search over loss, margin, scale, backbone, learning rate and batch size (<see cref="FaceSearchSpace"/>): random
        /// search with successive halving, validated on people who are not trained on (docs/experiments.md).
        /// </summary>
        /// <param name="settings">How many trials, for how long, where results are kept.</param>
        /// <exception cref="ArgumentOutOfRangeException">Settings, or options of a trial, outside of their ranges; the message lists all of them.</exception>
        public FaceExperiment CreateExperiment(FaceExperimentSettings settings)
        {
            ArgumentNullException.ThrowIfNull(faces);
            faces.Environment.CheckValue(settings, nameof(settings));
            return faces.CreateExperiment<FaceSearchSpace>(settings, space => space.ApplyTo(settings.Trainer));
        }

        /// <summary>Prepares a search over a class of your own.</summary>
        /// <typeparam name="TSearchSpace">
        /// A class whose properties say by the attributes of the namespace Microsoft.ML.SearchSpace what they may be: [Range] (int,
        /// long, float, double; both ends included), [Choice], [BooleanChoice], [NestOption]. The first trial takes the attributes'
        /// initial values and, where they give none, what the properties start with.
        /// </typeparam>
        /// <param name="settings">How many trials, for how long, where results are kept.</param>
        /// <param name="toOptions">Makes a trial's options from a point of the space. Epochs and seed are the experiment's: leave them null.</param>
        /// <exception cref="ArgumentOutOfRangeException">Settings, or options of a trial, outside of their ranges; the message lists all of them.</exception>
        /// <exception cref="ArgumentException">The class has nothing to search, or attributes that do not fit their properties.</exception>
        public FaceExperiment CreateExperiment<TSearchSpace>(FaceExperimentSettings settings, Func<TSearchSpace, ArcFaceTrainer.Options> toOptions)
            where TSearchSpace : class, new()
        {
            ArgumentNullException.ThrowIfNull(faces);
            faces.Environment.CheckValue(settings, nameof(settings));
            faces.Environment.CheckValue(toOptions, nameof(toOptions));
            return FaceExperiment.Create((MLContext)faces.Environment, settings, toOptions);
        }
    }
}
