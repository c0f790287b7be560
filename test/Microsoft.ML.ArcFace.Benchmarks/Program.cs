using System.CommandLine;
using BenchmarkDotNet.Running;
using Microsoft.ML.ArcFace.Benchmarks;
using Microsoft.ML.ArcFace.Benchmarks.Heads;

// "heads" and "partial-fc" compare side by side in one run; everything else goes to BenchmarkDotNet.
var rounds = new Option<int>("--rounds") { Description = "Alternating rounds; medians are taken over them.", DefaultValueFactory = _ => 9 };
var classes = new Option<long>("--classes") { Description = "Number of people.", DefaultValueFactory = _ => 1_000_000 };
var rate = new Option<double>("--rate") { Description = "Share of the classes that a step scores.", DefaultValueFactory = _ => 0.1 };

var heads = new Command("heads", "Forward and backward pass of the loss heads, as ratios to Softmax.") { rounds };
heads.SetAction(parsed => HeadComparison.Run(parsed.GetValue(rounds)));
var kind = new Option<string?>("--kind") { Hidden = true };
var partial = new Command("partial-fc", "A training step of the head with all people and with a sample, and the memory of each, in a process of its own.") { rounds, classes, rate, kind };
partial.SetAction(parsed => PartialFcComparison.Run(parsed.GetValue(classes), parsed.GetValue(rate), parsed.GetValue(rounds), parsed.GetValue(kind)));
var benchmarks = new Command("benchmark", "BenchmarkDotNet; its own options follow, for example: benchmark --filter *Head*.") { TreatUnmatchedTokensAsErrors = false };
benchmarks.SetAction(parsed => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. parsed.UnmatchedTokens], InProcess.Config));
return new RootCommand("Measurements of Microsoft.ML.ArcFace.") { heads, partial, benchmarks }.Parse(args).Invoke();
