using System.Diagnostics;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>Trains a backbone and its class centres: epochs of batches of steps, read from top to bottom.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private readonly IChannel _channel;
    private readonly ArcFaceTrainer.Options _options;
    private readonly TrainingFaces _faces;
    private readonly TrainingValidation? _validation;
    private readonly TrainingRecipe _recipe;
    private readonly Device _device;
    private readonly int _seed;
    private readonly ScalarType _computeType;

    private readonly FaceBackbone _backbone;
    private readonly LossHead _head;
    private readonly ParameterOptimizer _optimizer;

    // Where a step scores a sample of the people: the sample, and what trains its centres.
    private readonly SampledCenters? _sampled;
    private readonly SampledRowsOptimizer? _sampledOptimizer;
    private readonly Parameter[] _backboneParameters;

    // What is validated and kept: the moving averages, or the trained modules themselves.
    private readonly FaceBackbone _resultBackbone;
    private readonly LossHead _resultHead;
    private readonly WeightAverage[] _averages;

    private readonly Stopwatch _clock = new();
    private TimeSpan _lastReport;
    private readonly LossReadout _losses;
    private TrainingHealth? _health;
    private int _step;
    private double _lossSum;
    private int _lossCount;
    private double _reportedLoss = double.NaN;

    internal TrainingLoop(
        IChannel channel, ArcFaceTrainer.Options options, TrainingFaces faces, TrainingValidation? validation, TrainingRecipe recipe, Device device, int seed)
    {
        _channel = channel;
        _options = options;
        _faces = faces;
        _validation = validation;
        _recipe = recipe;
        _device = device;
        _seed = seed;
        _computeType = ComputeType(options.Precision, device);
        _losses = new LossReadout(LossReadout.IntervalOn(device), Observe);

        (_backbone, _head) = (CreateBackbone(), CreateHead());
        UpdateRule rule = UpdateRule.Create(recipe.Optimizer, options.Momentum, recipe.WeightDecay);
        if (options.ClassSampleRate is { } rate && _head is ClassificationHead classification)
        {
            classification.SampleClasses(rate);
            _sampled = classification.Sampled!;
            _sampledOptimizer = new SampledRowsOptimizer(rule, _sampled);
        }

        (_resultBackbone, _resultHead, _averages) = (_backbone, _head, []);
        if (recipe.WeightAveragingDecay > 0)
        {
            _resultBackbone = CreateBackbone();
            _averages = [new WeightAverage(_backbone, _resultBackbone, recipe.WeightAveragingDecay)];
            if (_sampled is null)
            {
                // Averaging would read and write the centres of all people in each step.
                _resultHead = CreateHead();
                _averages = [.. _averages, new WeightAverage(_head, _resultHead, recipe.WeightAveragingDecay)];
            }
        }

        var backboneGroup = ParameterGroup.Of(_backbone, "backbone", InitialBackbone.LearningRateShare(options));
        _backboneParameters = [.. backboneGroup.Parameters.Select(named => named.Parameter)];
        _optimizer = new ParameterOptimizer(rule, backboneGroup, ParameterGroup.Of(_head, "head"));
    }

    internal FaceBackbone Backbone => _backbone;

    internal LossHead Head => _head;

    /// <summary>Trains on the faces and gives the model; torch's generator is as before afterwards.</summary>
    public static FaceEmbeddingModel Run(
        IChannel channel, ArcFaceTrainer.Options options, TrainingFaces faces, TrainingValidation? validation, Device device, int seed)
    {
        TrainingRecipe recipe = TrainingRecipe.Choose(options, faces.Count, faces.Labels.Count);
        channel.Info($"Training {options.Backbone.ToShortName()} for {recipe.Epochs} epochs of {recipe.StepsPerEpoch} steps of {recipe.BatchSize} photographs; " +
            $"peak learning rate {recipe.Schedule.PeakLearningRate:0.####}, scale {recipe.Scale:0.#}, in {ComputeType(options.Precision, device)} on {device}.");
        NativeMemory.KeepFreedMemory();
        using var randomState = new RandomStateGuard(seed);
        using var gradient = enable_grad();
        using var scope = NewDisposeScope();
        using var loop = new TrainingLoop(channel, options, faces, validation, recipe, device, seed);
        try
        {
            return loop.Run();
        }
        catch
        {
            loop._resultBackbone.Dispose();
            throw;
        }
    }

    private FaceEmbeddingModel Run()
    {
        var best = new BestWeights(_resultBackbone, _resultHead);
        _clock.Start();
        for (int epoch = 1; epoch <= _recipe.Epochs; epoch++)
        {
            _backbone.train();
            foreach (FaceBatch batch in BatchProducer.Epoch(_faces, _recipe.Augmentation, _recipe.BatchSize, _options.SampledPhotographsPerPerson, unchecked(_seed + (epoch * 7919)), _options.CancellationToken))
            {
                _options.CancellationToken.ThrowIfCancellationRequested();
                Step(batch);
                ReportNowAndThen(epoch);
            }

            _losses.Read();
            double? areaUnderRocCurve = Validate();
            Report(epoch, isEpochEnd: true, areaUnderRocCurve);
            if (areaUnderRocCurve is { } area && best.Offer(area, epoch) is var epochsWithout && epochsWithout >= _options.EarlyStoppingPatienceEpochs)
            {
                _channel.Info($"Stopped after epoch {epoch}: {epochsWithout} epochs without a better validation.");
                break;
            }
        }

        best.Restore();
        Tensor centers = _resultHead.ClassCenters(TrainingEmbeddings.Of(_resultBackbone, _faces.InOrder(), _device, _options.CancellationToken));
        return new FaceEmbeddingModel(_resultBackbone, centers, _faces.Labels.Names, _recipe.Scale, _device, _options.InferencePrecision);
    }

    /// <summary>Moves the weights by one batch.</summary>
    internal void Step(FaceBatch batch)
    {
        using var scope = NewDisposeScope();
        double learningRate = _recipe.Schedule.LearningRate(_step);
        Tensor faces = FaceTensor.ToTensor(batch.Pixels, batch.Labels.Length, _device).to(_computeType); // [B, 3, 112, 112]
        Tensor labels = DeviceUpload.To(tensor(batch.Labels), _device);                       // [B]
        Tensor embeddings = _backbone.forward(faces);                                         // [B, d]
        _health ??= new TrainingHealth(UntrainedLosses(embeddings, labels), _head.FallsWithTraining, _recipe);

        _head.Step = _step;
        _head.MarginFraction = _recipe.Schedule.MarginFraction(_step);
        Tensor loss = _head.forward(embeddings, labels);
        _optimizer.ForgetGradients();
        loss.backward();
        GradientClipping.ToNorm(_backboneParameters, _options.GradientClippingNorm);
        _optimizer.Step(learningRate);
        _sampledOptimizer?.Step(learningRate);
        foreach (WeightAverage average in _averages)
        {
            average.Update();
        }

        _losses.Add(loss);
        _step++;
    }

    private void Observe(int step, double loss)
    {
        _health!.Observe(step, loss);
        _lossSum += loss;
        _lossCount++;
    }

    /// <summary>The loss before the first step, at several shares of the margin: what <see cref="TrainingHealth"/> compares with.</summary>
    private double[] UntrainedLosses(Tensor embeddings, Tensor labels)
    {
        using var noGradient = no_grad();

        // As annealed losses are at the end, where they are hardest; running statistics stay as they are.
        _head.Step = _recipe.TotalSteps;
        _head.eval();
        double[] losses = [.. TrainingHealth.MarginFractions.Select(fraction =>
        {
            using var scope = NewDisposeScope();
            _head.MarginFraction = fraction;
            return (double)_head.forward(embeddings, labels).item<float>();
        })];
        _head.train();
        _sampled?.Forget();
        return losses;
    }

    private double? Validate()
    {
        if (_validation is null)
        {
            return null;
        }

        _resultBackbone.eval();
        return _validation.AreaUnderRocCurve(_resultBackbone, _device, _options.CancellationToken);
    }

    private void ReportNowAndThen(int epoch)
    {
        bool epochEndsHere = _step % _recipe.StepsPerEpoch == 0;
        if (!epochEndsHere && _clock.Elapsed - _lastReport >= ReportInterval)
        {
            Report(epoch, isEpochEnd: false, areaUnderRocCurve: null);
        }
    }

    private void Report(int epoch, bool isEpochEnd, double? areaUnderRocCurve)
    {
        _losses.Read();
        _lastReport = _clock.Elapsed;
        _reportedLoss = _lossCount == 0 ? _reportedLoss : _lossSum / _lossCount;
        double stepsPerSecond = _step / Math.Max(1e-9, _clock.Elapsed.TotalSeconds);
        var progress = new TrainingProgress(
            epoch, _recipe.Epochs, _step, _recipe.TotalSteps, _reportedLoss,
            _recipe.Schedule.LearningRate(Math.Max(0, _step - 1)), stepsPerSecond * _recipe.BatchSize,
            TimeSpan.FromSeconds((_recipe.TotalSteps - _step) / Math.Max(1e-9, stepsPerSecond)), isEpochEnd, areaUnderRocCurve);
        _channel.Info($"Epoch {epoch}/{progress.Epochs}, step {_step}/{progress.Steps}: loss {progress.Loss:0.000}, " +
            $"{progress.ImagesPerSecond:0.0} images/s, {progress.EstimatedTimeRemaining:hh\\:mm\\:ss} left" +
            (areaUnderRocCurve is { } area ? $", validation AUC {area:0.0000}" : ""));
        _options.Progress?.Invoke(progress);
        (_lossSum, _lossCount) = (0, 0);
    }

    private FaceBackbone CreateBackbone() => ToDevice(InitialBackbone.Create(_options));

    private LossHead CreateHead() => ToDevice(_options.Loss.CreateHead(_options.EmbeddingSize, _faces.Labels.Count, _recipe.Scale));

    private T ToDevice<T>(T module)
        where T : nn.Module
    {
        module.to(_device);
        return module;
    }

    private static ScalarType ComputeType(TrainingPrecision? precision, Device device) => precision switch
    {
        TrainingPrecision.BFloat16 => ScalarType.BFloat16,
        null when TorchDevices.IsFastInBFloat16(device) => ScalarType.BFloat16,
        _ => ScalarType.Float32,
    };

    public void Dispose()
    {
        _losses.Dispose();
        _optimizer.Dispose();
        _sampledOptimizer?.Dispose();
        _head.Dispose();
        _resultHead.Dispose();
        if (!ReferenceEquals(_backbone, _resultBackbone))
        {
            _backbone.Dispose();
        }
    }
}
