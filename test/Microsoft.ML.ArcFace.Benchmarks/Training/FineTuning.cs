using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>Trains once and measures what was learned; a recognizer of others is measured before as well.</summary>
internal static class FineTuning
{
    /// <summary>Trains a recognizer of others further.</summary>
    public static void Run(LearnedFaces faces, string graph, ArcFaceTrainer.Options options)
    {
        if (options.Seed == 1)
        {
            var ml = new MLContext(seed: 1);
            using FaceEmbeddingTransformer before = ml.Transforms.EmbedFaces("Embedding", "Image", graph).Fit(faces.Images(ml));
            faces.Tell("the file", before);
        }

        Train(faces, options with { InitialWeights = graph }, $"rate {options.LearningRate}, share {options.BackboneLearningRateShare}, norms {(options.RenewNorms ? "renewed" : "folded")}, frozen {options.FrozenStages}, reduced {options.Augmentation!.ReductionProbability}");
    }

    /// <summary>Trains a network from random weights, with a teacher or without one.</summary>
    public static void Teach(LearnedFaces faces, ArcFaceTrainer.Options options) =>
        Train(faces, options, FormattableString.Invariant($"{options.Backbone}, rate {options.LearningRate}, batch {options.BatchSize}, {(options.Teacher is { } teacher ? $"weight {teacher.Weight}, relations {teacher.RelationWeight}, views {teacher.UnlabeledViewShare}, mixed {teacher.MixedShare}" : "no teacher")}"));

    private static void Train(LearnedFaces faces, ArcFaceTrainer.Options options, string choices)
    {
        var ml = new MLContext(seed: options.Seed);
        ml.Log += (_, line) => { if (line.Kind != ML.Runtime.ChannelMessageKind.Trace) { Console.Error.WriteLine(line.Message); } };
        var clock = Stopwatch.StartNew();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        using FaceEmbeddingTransformer after = ml.FaceRecognition().Trainers.ArcFace(options).Fit(faces.Images(ml));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{faces.Trained.Length} photographs, {faces.PeopleTrained} people, {options.Epochs} epochs, {choices}, seed {options.Seed}: {clock.Elapsed.TotalSeconds:F0} s, of the processors {(Environment.CpuUsage.TotalTime - before).TotalSeconds:F0} s"));
        faces.Tell("trained", after);
    }
}
