using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Training;

/// <summary>The trainer's own step over one batch again and again, in a process that answers as peers/train.py does.</summary>
internal static class TrainingStep
{
    /// <summary>The name of the command that <see cref="Run"/> answers.</summary>
    public const string Command = "training-step";

    /// <summary>On a GPU, which is waited for once in so many steps; as many as the trainer leaves losses unread.</summary>
    private const int StepsOnGpu = 20;

    private const double LearningRate = 1e-3;

    private sealed class Face
    {
        [VectorType(FaceTensor.ByteCount)]
        public float[] Image { get; set; } = [];

        public uint Label { get; set; }
    }

    public static void Run(TrainingRace race, TrainingPrecision precision)
    {
        FaceBatch batch = ReadBatch(race);
        var ml = new MLContext(seed: 1);
        IHost host = ((IHostEnvironment)ml).Register(nameof(TrainingStep));
        using IChannel channel = host.Start("Training");
        var options = new ArcFaceTrainer.Options
        {
            Backbone = race.Backbone, InitialWeights = race.Weights, BackboneLearningRateShare = 1, Loss = new ArcFaceLoss { Scale = 64 },
            Precision = precision, Optimizer = TrainingOptimizer.Sgd, LearningRate = LearningRate, WeightDecay = 5e-4, BatchSize = race.BatchSize,
            WeightAveragingDecay = 0, Decay = LearningRateDecay.Constant, WarmUpFraction = 0, MarginRampFraction = 0,
        };
        TrainingFaces faces = TrainingFaces.Read(host, channel, Rows(ml, batch, race.People), options.Setup, WorkObserver.None);

        // As the trainer prepares the process.
        set_num_threads(race.Threads);
        using IDisposable memory = Runtime.NativeMemory.KeepFreedMemory();
        Device device = TorchDevices.Choose(race.Gpu, fallbackToCpu: false);
        using var learner = new Learner(InitialNetwork.Open(host, channel, options.Recipe), options.Recipe, TrainingPlan.Choose(options.Recipe, faces.Count, faces.Labels.Count), faces.Labels.Count, device);
        using (var noGradient = no_grad())
        using (FileStream centers = File.OpenRead(race.Centers))
        {
            Safetensors.Load(centers, [("weight", ((ClassificationHead)learner.ResultHead).Centers)]);
        }

        learner.BeginToTrain();
        ContenderProcess.Answer(new Dictionary<string, Func<object>>
        {
            ["step"] = () => device.type == TorchSharp.DeviceType.CPU ? AlternatingRounds.Measure(() => Step(isRead: true)) : OnGpu(),
            ["loss"] = () => Loss(learner, batch, precision, device),
            ["memory"] = () => Process.GetCurrentProcess().PeakWorkingSet64,
        });

        // The loss of each step is read on the processor, as the trainer does.
        void Step(bool isRead)
        {
            using var scope = NewDisposeScope();
            Tensor loss = learner.Learn(learner.Embed(batch), LearningRate, marginFraction: 1, step: 0);
            if (isRead)
            {
                loss.item<float>();
            }
        }

        Cost OnGpu()
        {
            Cost all = AlternatingRounds.Measure(() =>
            {
                for (int step = 0; step < StepsOnGpu; step++)
                {
                    Step(isRead: false);
                }

                cuda.synchronize(device);
            });
            return new Cost(all.Elapsed / StepsOnGpu, all.Processor / StepsOnGpu);
        }
    }

    private static float Loss(Learner learner, FaceBatch batch, TrainingPrecision precision, Device device)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor faces = FaceInput.ToTensor(batch.Pixels, batch.Labels.Length, device).to(precision == TrainingPrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        return learner.ResultHead.forward(learner.ResultBackbone.forward(faces), DeviceUpload.To(tensor(batch.Labels), device)).item<float>();
    }

    private static FaceBatch ReadBatch(TrainingRace race)
    {
        byte[] content = File.ReadAllBytes(race.Batch);
        int pixels = race.BatchSize * FaceTensor.ByteCount;
        return new FaceBatch(content[..pixels], MemoryMarshal.Cast<byte, long>(content.AsSpan(pixels)).ToArray());
    }

    /// <summary>The batch as a set to train on, with a key of all people.</summary>
    private static IDataView Rows(MLContext ml, FaceBatch batch, int people)
    {
        var schema = SchemaDefinition.Create(typeof(Face));
        schema[nameof(Face.Label)].ColumnType = new KeyDataViewType(typeof(uint), people);
        return ml.Data.LoadFromEnumerable(batch.Labels.Select((label, i) => new Face { Image = Planes(batch.Pixels.AsSpan(i * FaceTensor.ByteCount, FaceTensor.ByteCount)), Label = (uint)label + 1 }).ToList(), schema);
    }

    private static float[] Planes(ReadOnlySpan<byte> interleaved)
    {
        int area = interleaved.Length / FaceTensor.Channels;
        float[] planes = new float[interleaved.Length];
        for (int i = 0; i < interleaved.Length; i++)
        {
            planes[(i % FaceTensor.Channels * area) + (i / FaceTensor.Channels)] = interleaved[i];
        }

        return planes;
    }
}
