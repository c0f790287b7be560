using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>All that a training run is given.</summary>
/// <param name="Channel">For its messages.</param>
/// <param name="Options">As the user set them.</param>
/// <param name="Faces">What is learned from.</param>
/// <param name="Validation">What the epochs are judged by, if anything.</param>
/// <param name="Device">Where it is computed.</param>
/// <param name="Seed">Of weights, order and augmentation.</param>
/// <param name="Checkpoints">Where its state is kept, if anywhere.</param>
/// <param name="Observer">Who follows it.</param>
internal sealed record TrainingRun(
    IChannel Channel, ArcFaceTrainer.Options Options, TrainingFaces Faces, TrainingValidation? Validation, Device Device, int Seed, CheckpointFolder? Checkpoints, WorkObserver Observer)
{
    /// <summary>The folder of its TensorBoard events, if any.</summary>
    public string? TensorBoardDirectory { get; init; } = Options.TensorBoardDirectory;
}
